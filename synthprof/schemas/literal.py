"""Values of a schema's file that are of another type than they are read as, such as "40" for 40.

Models read them leniently, so that the canonical text of a schema, which is JSON, gives the same values.
"""

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from pydantic import BaseModel

from synthprof.schemas.lines import Path
from synthprof.schemas.mistakes import quoted

_ABSENT = object()


def mistyped(table: Any, made: Any, path: Path = ()) -> Iterator[tuple[Path, str]]:  # noqa: ANN401
    """Yield the path and the mistake of each number or truth value that the file has as another type.

    table: what the file holds. made: the model that was read of it.
    """
    if isinstance(table, Mapping):
        for key, each in table.items():
            yield from mistyped(each, _part(made, key), (*path, key))
    elif isinstance(table, list) and isinstance(made, tuple | list) and len(table) == len(made):
        for place, (each, one) in enumerate(zip(table, made, strict=True)):
            yield from mistyped(each, one, (*path, place))
    elif isinstance(made, bool) and not isinstance(table, bool):
        yield path, f"{_told(path, table)} must be true or false; write one of them without quotes"
    elif isinstance(made, int | float) and isinstance(table, str | bool) and not isinstance(made, bool):
        yield path, f"{_told(path, table)} must be a number; write one without quotes"


def _part(made: Any, key: str) -> Any:  # noqa: ANN401
    """Return what was made of a key of a table; the keys of a draw stand beside those of its column."""
    if isinstance(made, Mapping):
        return made.get(key, _ABSENT)
    if isinstance(made, BaseModel):
        for name, field in type(made).model_fields.items():
            if key == (field.alias or name):
                return getattr(made, name)
        return _part(getattr(made, "draw", None), key)
    if is_dataclass(made) and key in {field.name for field in fields(made)}:
        return getattr(made, key)
    return _ABSENT


def _told(path: Path, value: object) -> str:
    name = next((each for each in reversed(path) if isinstance(each, str)), "")
    return f"{name}={quoted(value)!r}" if isinstance(value, str) else f"{name}={str(value).lower()}"
