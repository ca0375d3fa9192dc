"""Messages of pydantic of a table that does not fit its model, in the words of a schema's messages."""

import dataclasses
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from pydantic import ValidationError

from synthprof.schemas.format.columns import DRAWS, FEATURES, OWN
from synthprof.schemas.format.file import SchemaFile
from synthprof.schemas.format.tables import FAN_OUT
from synthprof.schemas.lines import Path
from synthprof.schemas.mistakes import meant, quoted

_TYPES = {
    "string_type": ("a text", "put it in quotes"),
    "int_type": ("a whole number", "write one without quotes and point"),
    "float_type": ("a number", "write one without quotes"),
    "int_parsing": ("a whole number", "write one without quotes and point"),
    "float_parsing": ("a number", "write one without quotes"),
    "bool_type": ("true or false", "write one of them without quotes"),
    "tuple_type": ("a list", "put it in [ ]"),
    "list_type": ("a list", "put it in [ ]"),
    "mapping_type": ("a table", "write its keys in { }"),
    "dataclass_type": ("a table", "write its keys in { }"),
    "dict_type": ("a table", "write its keys in { }"),
    "model_type": ("a table", "write its keys in { }"),
    "model_attributes_type": ("a table", "write its keys in { }"),
    "literal_error": ("", ""),
    "date_from_datetime_parsing": ("a date", "write it as 2024-12-31"),
    "date_type": ("a date", "write it as 2024-12-31"),
    "datetime_type": ("a date and time", "write it as 2024-12-31T23:59:59"),
    "time_type": ("a time", "write it as 23:59:59"),
}
"""Errors of the wrong kind of value: the kind that is needed, and the remedy."""

_RULES: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "greater_than": lambda c: f"must be above {_plain(c['gt'])}; write a larger number",
    "greater_than_equal": lambda c: f"must be at least {_plain(c['ge'])}; write a larger number",
    "less_than": lambda c: f"must be below {_plain(c['lt'])}; write a smaller number",
    "less_than_equal": lambda c: f"must be at most {_plain(c['le'])}; write a smaller number",
    "finite_number": lambda _: "must be finite; write a number",
    "int_from_float": lambda _: "must be a whole number; write one without point",
    "string_too_short": lambda _: "must not be empty; write a text",
    "string_too_long": lambda c: f"has more than {c['max_length']:,} characters; shorten it",
}
"""Rule and remedy of errors of a value that is of the right kind."""

_NAMED = r"[^\W\d]\w*"
"""Occurs in the patterns of names of columns."""


def told(
    error: ValidationError,
    table: Mapping[str, Any],
    start: Path = (),
    model: Any = SchemaFile,  # noqa: ANN401
) -> dict[Path, str]:
    """Return `fact; remedy` of each place of a table that a model refused.

    table: the whole file. start: the place of what was validated in it. model: of the whole file.
    """
    kinds: dict[Path, list[Mapping[str, Any]]] = {}
    for each in error.errors(include_url=False):
        path = _located(each, table, start)
        kinds.setdefault(path, []).append(each)
    deeper = {path[:end] for path in kinds for end in range(len(path))}
    messages = {}
    for path, errors in kinds.items():
        if not (path in deeper and all(_of_the_whole(each) for each in errors)):
            messages[path] = _message(path, errors, table, model)
    return messages


def model_keys(model: Any) -> list[str]:  # noqa: ANN401
    """Return the keys that a table of a model can have."""
    return [field.alias or name for name, field in model.model_fields.items()]


def _located(error: Mapping[str, Any], table: Mapping[str, Any], start: Path) -> Path:
    """Return the place in the file: without the names of branches, which pydantic has in it as well."""
    loc, found, at = list(error["loc"]), list(start), _at(table, start)
    ending = (
        loc.pop()
        if loc and error["type"] in ("missing", "extra_forbidden", "unexpected_keyword_argument")
        else None
    )
    for position, key in enumerate(loc):
        if _is_draw_of_its_own(key, at, position == len(loc) - 1):
            continue  # the keys of a draw stand beside those of its column
        if _leads_on(at, key):
            found.append(key)
            at = at[key]
    if ending is not None:
        found.append(ending)
    if error["type"] == "value_error" and (named := re.match(r"(\w+)=", _said(error))):
        holder = at if isinstance(at, Mapping) else _at(table, tuple(found := found[:-1]))
        if isinstance(holder, Mapping) and named[1] in holder:
            found.append(named[1])
    return tuple(found)


def _is_draw_of_its_own(key: str | int, at: object, last: bool) -> bool:
    """Return whether a key only says which draw the model has: `draw`, then its name."""
    if not isinstance(at, Mapping) or not isinstance(at.get("draw"), str):
        return False
    return (not last and key == "draw") or key == at["draw"]


def _leads_on(at: Any, key: str | int) -> bool:  # noqa: ANN401
    if isinstance(at, list):
        return isinstance(key, int) and key < len(at)
    return isinstance(at, Mapping) and key in at


def _of_the_whole(error: Mapping[str, Any]) -> bool:
    """Return whether an error of a table or list only follows from those of what is in it."""
    return error["type"] in _TYPES or error["type"] in ("too_short", "union_tag_not_found")


def _message(path: Path, errors: list[Mapping[str, Any]], table: Mapping[str, Any], model: Any) -> str:  # noqa: ANN401
    error = next((each for each in errors if each["type"] not in _TYPES), errors[0])
    key, value, kind = path[-1] if path else "", _at(table, path), str(error["type"])
    context, label = error.get("ctx") or {}, _label(path, value)
    if kind == "missing":
        return f"{key} is missing; write it"
    if kind in ("extra_forbidden", "unexpected_keyword_argument"):
        known, there = _known_keys(path, table, model), _at(table, path[:-1]) or ()
        return (
            f"unknown key {quoted(str(key))!r}; {meant(key, [name for name in known if name not in there])}"
        )
    if kind.startswith("union_tag"):
        return _of_tags(label, kind, value, context)
    if kind in ("too_long", "too_short"):
        return _of_lengths(key, context)
    if kind == "string_pattern_mismatch":
        return f"{label} {_pattern(context['pattern'])}"
    if kind == "value_error":
        return _said(error)
    return f"{label} {_RULES[kind](context)}" if kind in _RULES else _of_types(label, errors)


def _of_tags(label: str, kind: str, value: object, context: Mapping[str, Any]) -> str:
    """Return the message for a table that does not say which of several it is."""
    what = context["discriminator"].strip("'")
    if kind == "union_tag_invalid":
        expected = re.findall(r"'([^']+)'", context["expected_tags"])
        return f"{what}={quoted(context['tag'])!r} is unknown; {meant(context['tag'], expected)}"
    if isinstance(value, Mapping):
        return f"{what} is missing; write it"
    return f"{label} must be a table; write its keys in {{ }}"


def _of_lengths(key: str | int, context: Mapping[str, Any]) -> str:
    if (most := context.get("max_length")) is not None:
        return f"{key} has more than {most:,} entries; remove some"
    return f"{key} has {context['actual_length']} entries and needs {context['min_length']}; add some"


def _pattern(pattern: str) -> str:
    if _NAMED in pattern:
        return "must be letters, digits and _, no digit first; rename it"
    if pattern == r"^[^\r\n]*$":
        return "must be on one line; shorten it"
    return f"must match {pattern}; correct it"


def _of_types(label: str, errors: Iterable[Mapping[str, Any]]) -> str:
    """Return the message for a value that is of none of the kinds that are allowed."""
    wanted: dict[str, str] = {}
    for each in errors:
        kind, context = str(each["type"]), each.get("ctx") or {}
        if kind == "literal_error":
            expected = str(context["expected"]).replace("'", "").replace("False", "false")
            wanted[expected] = "write that"
        elif kind in _TYPES:
            wanted[_TYPES[kind][0]] = _TYPES[kind][1]
        else:
            said = str(each["msg"]).removeprefix("Input should be ").removeprefix("Input should ")
            wanted[said[:1].lower() + said[1:]] = "correct it"
    remedy = next(iter(wanted.values())) if len(wanted) == 1 else "write one of these"
    return f"{label} must be {' or '.join(wanted)}; {remedy}"


def _said(error: Mapping[str, Any]) -> str:
    """Return the message of a rule of a model's own."""
    message = " ".join(str((error.get("ctx") or {}).get("error", error["msg"])).split())
    return message if "; " in message else f"{message}; correct it"


def _label(path: Path, value: object) -> str:
    key = next((str(key) for key in reversed(path) if isinstance(key, str)), "the file")
    shown = f"'{quoted(value)}'" if isinstance(value, str) else quoted(repr(value))
    return key if isinstance(value, Mapping | list) else f"{quoted(key)}={shown}"


def _plain(value: object) -> object:
    return f"{value:g}" if isinstance(value, float) else value


def _known_keys(path: Path, table: Mapping[str, Any], of: Any) -> list[str]:  # noqa: ANN401
    """Return the keys that could have been meant by the last key of a path."""
    holder = _at(table, path[:-1])
    if isinstance(holder, Mapping) and (model := DRAWS.get(str(holder.get("draw")))) is not None:
        own = FAN_OUT if len(path) > 1 and path[-2] == "fan_out" else OWN - {"draw"}
        return [*sorted(own), *model_keys(model)]
    if isinstance(holder, Mapping) and len(path) > 1 and path[-2] == "feature":
        kind = FEATURES.get(holder.get("kind"))
        return [field.name for field in dataclasses.fields(kind)] if kind else []
    return model_keys(_model_at(path[:-1], of) or of)


def _model_at(path: Path, model: Any) -> Any:  # noqa: ANN401
    """Return the model of the table at a path, found by the types of the fields on the way."""
    for key in path:
        if isinstance(key, int):
            continue
        field = model.model_fields.get(key) if model else None
        model = _model_in(field.annotation) if field else None
    return model


def _model_in(hint: Any) -> Any:  # noqa: ANN401
    if hasattr(hint, "model_fields"):
        return hint
    inner = (*getattr(hint, "__args__", ()), getattr(hint, "__origin__", None))
    return next((found for each in inner if each and (found := _model_in(each))), None)


def _at(table: object, path: Path) -> Any:  # noqa: ANN401
    for key in path:
        try:
            table = table[key]  # type: ignore[index]
        except (LookupError, TypeError):
            return None
    return table
