"""Checks of flat parameters against their declaration, a JSON Schema each, which Airflow applies too."""

import math
from collections.abc import Collection, Mapping
from difflib import get_close_matches
from typing import Any

from pydantic import BaseModel, ConfigDict

from synthprof.base.errors import SpecError

Schemas = dict[str, dict[str, Any]]
"""The JSON Schema of each parameter by its name: type, bounds, default and description."""


def in_words(hint: str, pattern: str) -> str:
    """Return the pattern with a comment in front, so that the refusal of a value says what to write.

    Airflow and the command line quote the pattern of a value that does not match; nothing else of the JSON
    Schema would be shown.
    """
    return f"(?#write {hint}){pattern}"


class ParamModel(BaseModel):
    """A frozen model of parameters that accepts no unknown name and no value of another type."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, regex_engine="python-re")


def schemas_of(*models: type[BaseModel]) -> Schemas:
    """Return the JSON Schema of each field of the models, in order."""
    found = {
        name: dict(properties)
        for model in models
        for name, properties in model.model_json_schema()["properties"].items()
    }
    for properties in found.values():
        properties.pop("title", None)
        if "const" in properties:  # Airflow's form ignores const; it shows an enum as a drop-down
            properties["enum"] = [properties.pop("const")]
    return found


def check_names(params: Mapping[str, Any], known: Collection[str]) -> None:
    """Raise SpecError for an unknown parameter, or for a collection without a source."""
    for name, value in params.items():
        if name not in known:
            near = get_close_matches(name, known, cutoff=0.75)
            remedy = (
                f"did you mean {' or '.join(near)}?" if near else f"the parameters are {', '.join(known)}"
            )
            raise SpecError(f"Unknown parameter {name}={value!r}; {remedy}")
    if "source" in known and not params.get("source"):
        raise SpecError("source is missing; name an SQLite or Parquet file or a folder of text files")


def check_value(name: str, value: Any, schema: Mapping[str, Any]) -> None:  # noqa: ANN401
    """Raise SpecError for a value that its schema does not allow.

    The first line of the message is Airflow's for the same value, as both apply the same JSON Schema.
    """
    import jsonschema  # its import takes 0.1 s, which only wrong values cost

    if isinstance(value, float) and not math.isfinite(value):  # JSON Schema's bounds let NaN pass
        raise SpecError(f"Invalid input for param {name}: {value} is not a finite number")
    try:
        jsonschema.validate(value, schema, format_checker=jsonschema.FormatChecker())
    except jsonschema.ValidationError as error:
        raise SpecError(
            f"Invalid input for param {name}: {error.message}\n{name}: {schema['description']}"
        ) from None


def number_of(model: type[BaseModel], name: str, value: Any) -> Any:  # noqa: ANN401
    """Return a number in the type of its field, since JSON does not distinguish 1 from 1.0."""
    wanted = model.model_fields[name].annotation
    if wanted in (int, float) and isinstance(value, int | float) and not isinstance(value, bool):
        return wanted(value)
    return value
