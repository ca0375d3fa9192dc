"""The differences between two schemas in words."""

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import fields

from synthprof.schemas.bundle import Bundle
from synthprof.schemas.canonical import to_plain
from synthprof.schemas.declared_uses import declared_encoding, declared_texts, declared_view
from synthprof.schemas.draw_kinds.model import DrawModel
from synthprof.schemas.draws import Chance, Choice, Number, Subset
from synthprof.schemas.rules import Margin, Rule
from synthprof.schemas.schema import Archetype, ChildTable, Column

MAX_SHOWN = 40
"""Characters of a value in a sentence."""

MAX_ODDS = 8
"""Shares of a column that are told; others are counted."""


def differences(one: Bundle, other: Bundle) -> tuple[str, ...]:
    """Return a sentence for each difference; none if data sets by both have the same version names."""
    found = list(_columns(one.schema.columns, other.schema.columns))
    found += (f"hidden {told}" for told in _columns(one.schema.hidden, other.schema.hidden))
    found += _tables(one.schema.tables, other.schema.tables)
    found += _archetypes(one.schema.archetypes, other.schema.archetypes)
    found += _uses(one, other)
    found += _counted("rule", one.schema.rules, other.schema.rules)
    found += _counted("margin", one.schema.margins, other.schema.margins)
    if one.digest != other.digest and not found:
        found.append("other parts: changed")
    return tuple(found)


def _columns(one: Sequence[Column], other: Sequence[Column]) -> Iterator[str]:
    before, after = ({column.name: column for column in each} for each in (one, other))
    yield from (f"column {name}: removed" for name in before if name not in after)
    for name, column in after.items():
        if name not in before:
            yield f"column {name}: added, {_kind(column)}"
        elif column != before[name]:
            yield from (f"column {name}: {told}" for told in _changes(before[name], column))
    kept = [[name for name in each if name in before and name in after] for each in (before, after)]
    if kept[0] != kept[1]:
        yield f"order of the columns: {', '.join(after)}"


def _tables(one: Sequence[ChildTable], other: Sequence[ChildTable]) -> Iterator[str]:
    before, after = ({table.name: table for table in each} for each in (one, other))
    yield from (f"table {name}: removed" for name in before if name not in after)
    for name, table in after.items():
        if name not in before:
            yield f"table {name}: added, {len(table.columns)} columns"
            continue
        old = before[name]
        yield from (f"table {name}, {told}" for told in _columns(old.columns, table.columns))
        yield from (f"table {name}, {told}" for told in _counted("rule", old.rules, table.rules))
        if _without(table) != _without(old):
            yield f"table {name}: another number of rows for a parent, order or key"


def _without(table: ChildTable) -> ChildTable:
    return dataclasses.replace(table, columns=(), rules=(), attributes=())


def _counted(
    what: str, one: Sequence[Rule] | Sequence[Margin], other: Sequence[Rule] | Sequence[Margin]
) -> Iterator[str]:
    """Yield the rules or margins that were added, removed or changed."""
    before, after = ({each.name: each for each in of} for of in (one, other))
    yield from (f"{what} {name}: removed" for name in before if name not in after)
    yield from (f"{what} {name}: added" for name in after if name not in before)
    yield from (f"{what} {name}: changed" for name in after if before.get(name, after[name]) != after[name])


def _changes(one: Column, other: Column) -> Iterator[str]:
    if _kind(one) != _kind(other):
        yield f"{_kind(one)} is now {_kind(other)}"
    elif one.draw != other.draw:
        yield from _of_draws(one, other)
    for field in fields(Column):
        left, right = getattr(one, field.name), getattr(other, field.name)
        if field.name not in ("name", "draw") and left != right:
            yield f"{field.name}: {_shown(left)} is now {_shown(right)}"


def _of_draws(one: Column, other: Column) -> Iterator[str]:
    """Yield how two draws of one kind differ: their odds, or their fields."""
    before, after = _odds(one), _odds(other)
    gone, new = [name for name in before if name not in after], [name for name in after if name not in before]
    if gone:
        yield f"without {_listed(gone)}"
    if new:
        yield f"with {_listed(new)}"
    both = {name: (before[name], after[name]) for name in before if name in after}
    moved = [f"{name} {a:.1%} is now {b:.1%}" for name, (a, b) in both.items() if f"{a:.2%}" != f"{b:.2%}"]
    if moved:
        yield f"odds: {_listed(moved)}"
    left, right = (_plain(each) for each in (one, other))
    for name in dict.fromkeys((*left, *right)):
        if left.get(name) != right.get(name) and name not in _ODDS:
            yield f"{name}: {_shown(left.get(name))} is now {_shown(right.get(name))}"


_ODDS = ("values", "weights", "share")
"""Fields of a draw that are told as odds."""


def _odds(column: Column) -> dict[str, float]:
    """Return the share of each value of a column whose values have weights of their own."""
    match column.draw:
        case Choice(values=values, weights=weights) | Subset(values=values, weights=weights):
            found = dict(zip(values, weights, strict=True))
        case Number(low=low, weights=weights):
            found = {str(low + place): weight for place, weight in enumerate(weights)}
        case Chance(share=share):
            found = {"1": share, "0": 1 - share}
        case _:
            found = {}
    whole = sum(found.values())
    return {name: weight / whole for name, weight in found.items()}


def _plain(column: Column) -> dict[str, object]:
    """Return the fields of a draw as JSON has them."""
    plain = to_plain(column.draw, type(column.draw))
    return plain if isinstance(plain, dict) else {}


def _archetypes(one: Sequence[Archetype], other: Sequence[Archetype]) -> Iterator[str]:
    before, after = ({each.name: each for each in of} for of in (one, other))
    yield from (f"archetype {name}: removed" for name in before if name not in after)
    for name, archetype in after.items():
        if name not in before:
            yield f"archetype {name}: added"
            continue
        old = before[name]
        if archetype.share != old.share:
            yield f"archetype {name}: share {old.share:g} is now {archetype.share:g}"
        if archetype.title != old.title:
            yield f"archetype {name}: title {_shown(old.title)} is now {_shown(archetype.title)}"
        factors = dict(old.odds), dict(archetype.odds)
        changed = [
            c for c in dict.fromkeys((*factors[0], *factors[1])) if factors[0].get(c) != factors[1].get(c)
        ]
        if changed:
            yield f"archetype {name}: other factors on {_listed(changed)}"


def _uses(one: Bundle, other: Bundle) -> Iterator[str]:
    """Yield which parts of the uses are declared otherwise; what follows from the columns is left out."""
    if one.schema.derived != other.schema.derived:
        yield "features from other columns: changed"
    for name, said in _USES.items():
        before, after = said(one), said(other)
        changed = [each for each in dict.fromkeys((*before, *after)) if before.get(each) != after.get(each)]
        shared = {f"weight of {column}" for column in {*one.schema.by_name} & {*other.schema.by_name}}
        if told := [each for each in changed if each in shared or not each.startswith("weight of ")]:
            yield f"{name}: changed, {_listed(told)}"


def _errors(bundle: Bundle) -> dict[str, object]:
    """Return what a schema says of second records, by error."""
    if bundle.errors is None:
        return {}
    said: dict[str, object] = {error.title: (error.share, error.short) for error in bundle.errors.errors}
    return said | {"compare": bundle.errors.compare}


_USES = {
    "use in embeddings and searches": declared_encoding,
    "places on cards and pages": declared_view,
    "words of texts": declared_texts,
    "errors of second records": _errors,
}
"""Parts of the uses, and what a schema says of them."""


def _kind(column: Column) -> str:
    draw = column.draw
    return draw.draw if isinstance(draw, DrawModel) else type(draw).__name__.lower()


def _shown(value: object) -> str:
    text = "nothing" if value is None else str(value)
    return text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}…"


def _listed(names: Sequence[str]) -> str:
    more = len(names) - MAX_ODDS
    return ", ".join(names[:MAX_ODDS]) + (f" and {more} more" if more > 0 else "")
