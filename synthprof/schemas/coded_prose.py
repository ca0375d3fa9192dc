"""Texts as a schema's file has them: sentences, phrases, readings, plans, voices, turns and habits."""

import datetime
from collections.abc import Iterable, Mapping
from typing import Any

from synthprof.schemas.coded_parts import Maker, header_in
from synthprof.schemas.draws import (
    Bound,
    Draw,
    Forms,
    FullName,
    Habit,
    Plan,
    Prose,
    Reading,
    Slot,
    Turns,
    Variant,
)
from synthprof.schemas.format import coded, phrases
from synthprof.schemas.mistakes import Wrong, meant, quoted
from synthprof.schemas.nulls import MISSING


def prose(draw: coded.Prose, maker: Maker) -> Draw:
    """Return sentences that tell of other columns."""
    told = maker.phrases(draw.file)
    found = Prose(
        slots=tuple(_slot(each, told, maker) for each in told.slot),
        sex=draw.sex or "",
        masculine=draw.masculine or "",
        name=draw.of or "",
        first_name=draw.first_name if draw.of else "",
        forms=Forms(draw.forms.of, draw.forms.values) if draw.forms else None,
        phrases=tuple(_slot(each, told, maker) for each in told.phrase),
        readings=tuple(_reading(each, maker) for each in told.reading),
        plans=_plans(told),
        voices=tuple(told.voices.items()),
        turns=_turns(told),
        habit=_habit(told.habit, maker) if told.habit else None,
    )
    if draw.sex and draw.masculine not in (sexes := maker.column(draw.sex, "sex").values):
        raise Wrong(
            f"masculine={quoted(draw.masculine)!r} is no value of {draw.sex}; {meant(draw.masculine, sexes)}",
            "masculine",
        )
    if draw.of and not isinstance(maker.column(draw.of, "of").draw, FullName):
        raise Wrong(f'of={draw.of!r} is no name of a person; name a column with draw = "name"', "of")
    for column in found.columns:
        maker.column(column, "file")
    return found


def _slot(sentence: phrases.Sentence, told: phrases.Phrases, maker: Maker) -> Slot:
    """Return a sentence as the slot of a text."""
    variants = []
    for each in sentence.variant:
        if each.voice and each.voice not in told.voices:
            remedy = meant(each.voice, list(told.voices))
            raise Wrong(f"voice={quoted(each.voice)!r} is no voice; {remedy}", "file")
        variants.append(Variant(_asked(each.when, maker), each.templates, each.voice or ""))
    for column, by_value in sentence.by_value.items():
        for value, templates in by_value.items():
            code = _code(column, value, maker)
            variants.append(Variant(((column, code, code),), templates))
    if sentence.templates:
        variants.append(Variant((), sentence.templates))
    return Slot(sentence.name, tuple(variants), sentence.share)


def _asked(when: Mapping[str, Any], maker: Maker) -> tuple[tuple[str, Bound, Bound], ...]:
    """Return what a variant asks for: a range, one value, or `null` for rows without one."""
    found: list[tuple[str, Bound, Bound]] = []
    for name, asked in when.items():
        low, high = asked if isinstance(asked, tuple) else (asked, asked)
        if low == high == MISSING:
            found.append((name, None, None))
        else:
            found.append((name, _code(name, low, maker), _code(name, high, maker)))
    return tuple(found)


def _code(name: str, value: Any, maker: Maker) -> Bound:  # noqa: ANN401
    """Return a value as a variant has it: the position of a category's, a number, a text as written."""
    column = maker.column(name, "file")
    if isinstance(value, bool):
        return int(value)
    if column.value_kind is not None:
        return str(value) if isinstance(value, datetime.date) else value
    if not isinstance(value, str):
        return int(value)
    if column.kind == "list":
        raise Wrong(
            f"{quoted(value)!r}: of the list {name} a number of items is asked for; write one", "file"
        )
    if value not in column.values:
        raise Wrong(f"{quoted(value)!r} is no value of {name}; {meant(value, column.values)}", "file")
    return column.values.index(value)


def _reading(reading: phrases.Reading, maker: Maker) -> Reading:
    values = maker.column(reading.column, "file").values
    for value in reading.values if values else ():
        if value not in values:
            raise Wrong(
                f"reading {reading.name}: {quoted(value)!r} is no value of {reading.column}; "
                f"{meant(value, values)}",
                "file",
            )
    return Reading(reading.name, reading.column, reading.other, tuple(reading.values.items()))


def _plans(told: phrases.Phrases) -> tuple[Plan, ...]:
    """Return the plans. Raises Wrong for a sentence that is not there."""
    names = [slot.name for slot in told.slot]
    for each in told.plan:
        for name in (*each.begin, *each.free, *each.end):
            if name not in names:
                raise Wrong(
                    f"plan of size {each.size}: unknown sentence {quoted(name)!r}; {meant(name, names)}",
                    "file",
                )
    return tuple(
        Plan(p.size, p.begin, p.free, p.end, p.weight, p.some, p.between, p.capital) for p in told.plan
    )


def _turns(told: phrases.Phrases) -> tuple[Turns, ...]:
    """Return what placeholders read by turns, each turn in every voice. Raises Wrong for unlike numbers."""
    voices = max(1, len(told.voices))
    if len({len(entries) for entries in told.turns.values()}) > 1:
        raise Wrong(f"turns: {', '.join(told.turns)} have unlike numbers of turns; give all as many", "file")
    return tuple(Turns(name, tuple(_entries(name, entries, voices))) for name, entries in told.turns.items())


def _entries(name: str, entries: Iterable[str | tuple[str, ...]], voices: int) -> Iterable[tuple[str, ...]]:
    for entry in entries:
        found = (entry,) * voices if isinstance(entry, str) else entry
        if len(found) != voices:
            raise Wrong(
                f"turns: {name} has {len(found)} texts for {voices} voices; give one for each", "file"
            )
        yield found


def _habit(habit: phrases.Habit, maker: Maker) -> Habit:
    """Return the groups of the values of a column. Raises Wrong for a value that the file lacks."""
    values = maker.column(habit.of, "file").values
    if not values:
        raise Wrong(f"habit: of={habit.of!r} has no known values; name a category or list", "file")
    named = dict(zip(values, values, strict=True))
    if habit.file is not None:
        rows = maker.rows(habit.file, "file")
        first, by = next(iter(rows[0])), header_in(rows, habit.by, "file")
        named = {row[first]: row[by] for row in rows}
        if lacking := [value for value in values if value not in named]:
            raise Wrong(f"{habit.file} has no row for {quoted(lacking[0])!r} of {habit.of}; add it", "file")
    number = {name: at for at, name in enumerate(dict.fromkeys(named[value] for value in values))}
    return Habit(habit.of, tuple(number[named[value]] for value in values), habit.spread)
