"""A request: the name of a data set, its spec and its runtime, read from flat parameters.

Flat parameters are what the command line, Airflow's form and the Python functions take.
"""

import contextlib
import functools
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, ValidationError

from synthprof.base.columns import parse_columns
from synthprof.base.kept import kept
from synthprof.base.names import NAME_HINT, NAME_PATTERN
from synthprof.spec.drift import parse_drift
from synthprof.spec.params import (
    ParamModel,
    Schemas,
    check_names,
    check_value,
    in_words,
    number_of,
    schemas_of,
)
from synthprof.spec.spec import EMBEDDING, GENERATING, RESOLVED, Runtime, Spec
from synthprof.spec.written import read_value

RequestKind = Literal["generate", "embed"]
"""The two kinds of a request: profiles to generate, or a collection of texts to embed."""

DatasetName = Annotated[
    str,
    Field(
        pattern=in_words(NAME_HINT, NAME_PATTERN),
        description="Name of the data set: 1 to 63 lower-case letters, digits, _ and -, "
        "starting with a letter or digit.",
    ),
]


class Request(ParamModel):
    """A request to make a data set: its name, its spec and the runtime parameters."""

    dataset: DatasetName = "gamers"
    spec: Spec = Spec()
    runtime: Runtime = Runtime()

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> "Request":
        """Return the request for flat parameters; a parameter that is not given has its default.

        Raises SpecError that names the value, the rule and the remedy.
        """
        if made := cls._valid(params):
            return made
        params = read_params(params)
        if made := cls._valid(params):
            return made
        check_params(params)
        numbers = {name: number_of(cls._owner(name), name, value) for name, value in params.items()}
        return cls._of(numbers)

    @classmethod
    def _valid(cls, params: Mapping[str, Any]) -> "Request | None":
        """Return the request for parameters as the spec has them; None for others, to be refused."""
        if params.keys() <= {"dataset", *Spec.model_fields, *Runtime.model_fields}:
            with contextlib.suppress(ValidationError):  # reported later, in the words of Airflow
                return cls._of(params)
        return None

    @classmethod
    def _of(cls, params: Mapping[str, Any]) -> "Request":
        fields: dict[type[BaseModel], dict[str, Any]] = {cls: {}, Spec: {}, Runtime: {}}
        for name, value in params.items():
            fields[cls._owner(name)][name] = value
        return cls(**fields[cls], spec=Spec(**fields[Spec]), runtime=Runtime(**fields[Runtime]))

    @classmethod
    def _owner(cls, name: str) -> type[BaseModel]:
        return next((model for model in (Spec, Runtime) if name in model.model_fields), cls)

    @property
    def params(self) -> dict[str, Any]:
        """The flat parameters including defaults, as `from_params` takes them."""
        return {"dataset": self.dataset, **self.spec.model_dump(), **self.runtime.model_dump()}


@functools.cache
def params_schema(kind: RequestKind = "generate") -> Schemas:
    """Return the JSON Schema of each flat parameter by name, in the order of forms and help.

    Each has type, bounds, default and description. kind: the parameters of generated profiles, or those of a
    collection that is embedded.
    """
    foreign = (*(EMBEDDING if kind == "generate" else GENERATING), *RESOLVED)
    found = {name: properties for name, properties in _every_param().items() if name not in foreign}
    if kind == "embed":
        found["dataset"] = found["dataset"] | {"default": "collection"}
    return found


@functools.cache
def _every_param() -> Schemas:
    first = ("dataset", "profiles", "seed", "locale", "separation", *EMBEDDING)
    found = kept("params", "all", lambda: schemas_of(Request, Spec, Runtime))
    return {name: found[name] for name in dict.fromkeys((*first, *found)) if name not in ("spec", "runtime")}


def read_params(params: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters as the spec has them, from how people write them; unknown ones as they are.

    Raises SpecError for a text that states no value of its parameter, or more than one.
    """
    schemas = _every_param()
    return {name: read_value(name, value, schemas.get(name, {})) for name, value in params.items()}


def check_params(params: Mapping[str, Any]) -> None:
    """Raise SpecError for a parameter that is unknown or out of bounds."""
    schemas = _every_param()
    for name, value in params.items():
        if name not in schemas:
            check_names({name: value}, params_schema())
        check_value(name, value, schemas[name])
    parse_columns(params.get("columns", ""))
    parse_drift(params.get("drift", ""))
