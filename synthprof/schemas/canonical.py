"""Values of a schema as JSON and back: each has one text, which is the same on every machine.

Dataclasses and models become objects of the fields that differ from their defaults, in declared order: a
field that a later release adds, with a default, changes no text of before. Where a field may hold one of
several classes, `type` names it; a model of a draw is named by its `draw`.
"""

import functools
import types
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel
from pydantic_core import to_json, to_jsonable_python

from synthprof.schemas.draw_kinds.model import DrawModel

TYPE = "type"
"""The key that names the class of a value where there may be several."""

_SCALARS = (str, int, float, bool)

_LEAVES = (str, int, bool)
"""Types that JSON has itself; tuples of them are many and long."""


def to_plain(value: Any, hint: Any) -> Any:  # noqa: ANN401
    """Return a value of a type as JSON has it."""
    origin = get_origin(hint)
    if origin in (Union, types.UnionType):
        return None if value is None else _of_one(value, _classes(get_args(hint)))
    if isinstance(value, BaseModel):
        return _of_model(value)
    if is_dataclass(value):
        return _of_dataclass(value)
    if origin is tuple:
        return _of_tuple(value, get_args(hint))
    if isinstance(value, Mapping):
        return {key: to_plain(each, get_args(hint)[1]) for key, each in value.items()}
    return float(value) if hint is float else value


def from_plain(plain: Any, hint: Any) -> Any:  # noqa: ANN401
    """Return the value of a type that JSON stands for. Raises ValueError if it stands for none."""
    origin, inner = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return None if plain is None and types.NoneType in inner else _one_of(plain, _classes(inner))
    if origin is tuple:
        each = zip(_checked(plain, list), _item_hints(inner, len(plain)), strict=True)
        return tuple(from_plain(item, one) for item, one in each)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return {key: from_plain(each, inner[1]) for key, each in _checked(plain, dict).items()}
    if isinstance(hint, type) and issubclass(hint, BaseModel):
        return hint.model_validate_json(to_json(plain))
    return _dataclass_from(plain, hint) if is_dataclass(hint) else _leaf(plain, hint)


def _of_one(value: Any, classes: tuple[Any, ...]) -> Any:  # noqa: ANN401
    """Return a value that may be of one of several classes, with the name of its own if that is in doubt."""
    exact = [each for each in classes if type(value) is each]  # True is an int, too
    (hint,) = exact or (each for each in classes if isinstance(value, get_origin(each) or each))
    plain = to_plain(value, hint)
    named = isinstance(value, DrawModel) or not isinstance(plain, dict) or len(classes) == 1
    return plain if named else {TYPE: type(value).__name__, **plain}


def _of_tuple(value: Any, inner: tuple[Any, ...]) -> list[Any]:  # noqa: ANN401
    if inner[0] is float and inner[1:] == (...,):
        return list(map(float, value))
    if inner[0] in _LEAVES and inner[1:] == (...,):
        return list(value)
    return [to_plain(each, one) for each, one in zip(value, _item_hints(inner, len(value)), strict=True)]


def _item_hints(inner: tuple[Any, ...], count: int) -> tuple[Any, ...]:
    return inner[:1] * count if inner[1:] == (...,) else inner


def _of_dataclass(value: Any) -> dict[str, Any]:  # noqa: ANN401
    kind: Any = type(value)
    hints, found = _hints(kind), {}
    for each in fields(value):
        given = getattr(value, each.name)
        default = each.default if each.default_factory is MISSING else each.default_factory()
        if default is MISSING or given != default:
            found[each.name] = to_plain(given, hints[each.name])
    return found


def _of_model(value: BaseModel) -> dict[str, Any]:
    """Return the fields of a model that differ from their defaults, and those that say what it is."""
    found = {}
    for name, field in type(value).model_fields.items():
        given = getattr(value, name)
        if field.is_required() or get_origin(field.annotation) is Literal or given != field.get_default():
            found[name] = _inside(given)
    return found


def _inside(value: Any) -> Any:  # noqa: ANN401
    """Return what a model holds as JSON has it."""
    if isinstance(value, BaseModel):
        return _of_model(value)
    if isinstance(value, Mapping):
        return {to_jsonable_python(key): _inside(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_inside(each) for each in value]
    return to_jsonable_python(value)


def _dataclass_from(plain: Any, hint: Any) -> Any:  # noqa: ANN401
    hints = _hints(hint)
    given = {key: each for key, each in _checked(plain, dict).items() if key != TYPE}
    if unknown := given.keys() - {each.name for each in fields(hint)}:
        raise ValueError(f"{hint.__name__} has no {min(unknown)!r:.80}")
    return hint(**{key: from_plain(each, hints[key]) for key, each in given.items()})


def _one_of(plain: Any, classes: tuple[type, ...]) -> Any:  # noqa: ANN401
    """Return the value of the class that an object names."""
    if len(classes) == 1:
        return from_plain(plain, classes[0])
    if leaves := [each for each in classes if each in _SCALARS and type(plain) is each]:
        return from_plain(plain, leaves[0])
    named: dict[str, type] = {each.__name__: each for each in classes}
    table = _checked(plain, dict)
    found = named.get(str(table.get(TYPE)))
    if found is None and DrawModel in classes:
        from synthprof.schemas.draw_kinds.every import BY_NAME  # which a schema without them does not need

        found = BY_NAME.get(str(table.get("draw")))
    if found is None:
        told = table.get(TYPE, table.get("draw"))
        raise ValueError(f"{told!r:.80} is unknown to this release")
    return from_plain(table, found)


def _classes(hints: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(each for each in hints if each is not types.NoneType)


def _leaf(plain: Any, hint: Any) -> Any:  # noqa: ANN401
    if get_origin(hint) is Literal:
        if plain not in get_args(hint):
            raise ValueError(f"{plain!r:.80} is none of {get_args(hint)}")
        return plain
    if hint is float and isinstance(plain, int) and not isinstance(plain, bool):
        return float(plain)
    return _checked(plain, hint)


def _checked(plain: Any, wanted: Any) -> Any:  # noqa: ANN401
    if not isinstance(plain, wanted) or (isinstance(plain, bool) and wanted is not bool):
        raise ValueError(f"{plain!r:.80} is no {wanted.__name__}")
    return plain


@functools.cache
def _hints(kind: Any) -> dict[str, Any]:  # noqa: ANN401
    return get_type_hints(kind)
