"""A category that was never there before: part of the rows of the most frequent value have a new one.

The new value has the odds of the old one, and all that depends on it is drawn as by the old one. So the two
together are what the old one was, nothing else moves, and what cannot be beside the old one is not beside the
new one either.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from synthprof.base.errors import SpecError
from synthprof.schemas.draw_kinds.model import DrawModel
from synthprof.schemas.draws import (
    PLACEHOLDER,
    Choice,
    FullName,
    Lookup,
    Prose,
    Shift,
    Slot,
    Subset,
    YearsSince,
)
from synthprof.schemas.rules import Attribute
from synthprof.schemas.schema import Archetype, ChildTable, Column, Schema
from synthprof.schemas.tables import PARENT


def with_newcomer(schema: Schema, column: Column, of: int, part: float) -> Schema:
    """Return a schema in which a part of the rows with the value `of` of a column have a new value, its last.

    Raises SpecError where a text or a draw knows the values of the column one by one.
    """
    draw = column.draw
    assert isinstance(draw, Choice)
    widened = replace(
        draw,
        values=(*draw.values, newcomer(draw.values, of)),
        weights=_split(draw.weights, of, part),
        shifts=tuple(
            replace(each, factors=tuple((*row, row[of]) for row in each.factors)) for each in draw.shifts
        ),
    )

    def others(columns: Sequence[Column], name: str) -> tuple[Column, ...]:
        return tuple(
            replace(each, draw=widened)
            if each is column
            else replace(each, draw=_with_words(_beside(each, name, of), name, widened.values))
            for each in columns
        )

    return replace(
        schema,
        columns=others(schema.columns, column.name),
        hidden=others(schema.hidden, column.name),
        archetypes=tuple(_of_archetype(each, column.name, of) for each in schema.archetypes),
        attributes=tuple(_of_attribute(each, column.name, of) for each in schema.attributes),
        tables=tuple(
            _of_table(replace(each, columns=others(each.columns, f"{PARENT}{column.name}")), column.name, of)
            for each in schema.tables
        ),
    )


def newcomer(values: Sequence[str], of: int) -> str:
    """Return the text of a new value: that of an old one and a number that no value has yet.

    >>> newcomer(("free", "paid"), 1)
    'paid 2'
    """
    number = next(number for number in range(2, len(values) + 3) if f"{values[of]} {number}" not in values)
    return f"{values[of]} {number}"


def _split(weights: Sequence[float], of: int, part: float) -> tuple[float, ...]:
    """Return the weights with that of a value divided between it and a new one."""
    left = [weight * (1 - part) if place == of else weight for place, weight in enumerate(weights)]
    return (*left, weights[of] * part)


def _beside(column: Column, name: str, of: int) -> Any:  # noqa: ANN401  one of the draws
    """Return the draw of another column, which takes the new value for the old one."""
    draw: Any = column.draw
    knows: dict[type, Any] = {FullName: getattr(draw, "sex", ""), YearsSince: getattr(draw, "column", "")}
    told = draw.chosen_by.column if isinstance(draw, Prose) and draw.chosen_by else ""
    drawn = draw.given if isinstance(draw, DrawModel) else ()
    if name in (knows.get(type(draw)), told, *drawn, *(column.nulls.columns if column.nulls else ())):
        raise SpecError(
            f"{column.name} has something of its own for each value of {name}, and nothing for a new one; "
            "name a column on which only odds depend"
        )
    if isinstance(draw, Lookup) and draw.column == name:
        return replace(draw, codes=(*draw.codes, draw.codes[of]))
    found: dict[str, Any] = {}
    if shifts := getattr(draw, "shifts", ()):
        found["shifts"] = _wider(shifts, name, of)
    if isinstance(draw, Subset):
        found["size_shifts"] = _wider(draw.size_shifts, name, of)
    if isinstance(draw, FullName) and draw.suffix:
        found["suffix"] = replace(draw.suffix, shifts=_wider(draw.suffix.shifts, name, of))
    return replace(draw, **found) if found else draw


def _with_words(draw: Any, name: str, values: Sequence[str]) -> Any:  # noqa: ANN401  one of the draws
    """Return a draw whose texts say the new value itself where they have a word for each value."""
    if not isinstance(draw, Prose):
        return draw

    def word_added(match: re.Match[str]) -> str:
        of, _, form = match[1].partition(":")
        words = form.split("|")
        return f"{{{match[1]}|{values[-1]}}}" if (of, len(words)) == (name, len(values) - 1) else match[0]

    def told(slots: Sequence[Slot]) -> tuple[Slot, ...]:
        return tuple(
            replace(
                slot,
                variants=tuple(
                    replace(
                        each, templates=tuple(PLACEHOLDER.sub(word_added, text) for text in each.templates)
                    )
                    for each in slot.variants
                ),
            )
            for slot in slots
        )

    return replace(draw, slots=told(draw.slots), phrases=told(draw.phrases))


def _wider(shifts: Sequence[Shift], name: str, of: int) -> tuple[Shift, ...]:
    return tuple(
        replace(each, factors=(*each.factors, each.factors[of])) if each.column == name else each
        for each in shifts
    )


def _of_archetype(archetype: Archetype, name: str, of: int) -> Archetype:
    odds = ((each, (*row, row[of]) if each == name else row) for each, row in archetype.odds)
    return replace(archetype, odds=tuple(odds))


def _of_attribute(attribute: Attribute, name: str, of: int) -> Attribute:
    if attribute.column != name:
        return attribute
    return replace(attribute, cells=(*attribute.cells, attribute.cells[of]))


def _of_table(table: ChildTable, name: str, of: int) -> ChildTable:
    inside = f"{PARENT}{name}"
    return replace(
        table,
        fan_out=replace(table.fan_out, given=_wider(table.fan_out.given, inside, of)),
        attributes=tuple(_of_attribute(each, inside, of) for each in table.attributes),
    )
