"""Texts of one block, as their tables plan them: templates are chosen, and their pieces laid side by side."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from synthprof.profiles.fragments import join_rows
from synthprof.profiles.prose_choices import Index, Speakers, chosen
from synthprof.profiles.prose_tables import Layout, PlanTable, ProseTable
from synthprof.profiles.prose_values import Codes32
from synthprof.profiles.told import Told

Words = npt.NDArray[np.uint32]

LOW = np.uint32(0xFFFF)
"""The half of a random word that chooses the voice, and of another the plan."""


CHUNK = 2_048
"""Rows that are put in order at once, so that their pieces stay in the processor's cache."""


def prose(table: ProseTable, told: Told) -> pa.StringArray:
    """Return the texts of one block."""
    by, grammar = table.draw.chosen_by, table.grammar
    form = np.zeros(told.count, np.intp) if by is None else table.forms.take(told.codes[by.column])
    voice = _part_of(table.voices, told.words())
    speakers = Speakers(None, voice, _groups(table, told))
    block = _Block(
        told, speakers, voice * grammar.forms + form, grammar.voices * grammar.forms, grammar.turns
    )
    values, whole = _values(table, told)
    for phrase in table.phrases:
        template = chosen(phrase.choices, told, told.words(), speakers)
        for layout, start in phrase.layouts:
            pieces = _laid(layout, template * block.modes + block.mode, values, None)
            values[:, start : start + pieces.shape[1]] = pieces
    strings = pa.concat_arrays([table.fragments, *whole])
    return join_rows(strings, _planned(table, block, values))


@dataclass(frozen=True)
class _Block:
    """The rows of a block: who speaks in each, its mode, (count,), and the numbers of modes and turns."""

    told: Told
    speakers: Speakers
    mode: Index
    modes: int
    turns: int


def _groups(table: ProseTable, told: Told) -> Index | None:
    """Return the group of each row by habit, (count,): the last where a value lacks; None without habit."""
    habit = table.draw.habit
    if habit is None:
        return None
    codes = told.lists[habit.column].items[0] if habit.column in told.lists else told.codes[habit.column]
    groups, missing = table.groups.take(codes), told.missing(habit.column)
    return groups if missing is None else np.where(missing, max(habit.groups) + 1, groups)


def _values(table: ProseTable, told: Told) -> tuple[Codes32, list[pa.StringArray]]:
    """Return what texts name, (rows, width) codes of fragments, and the texts that these go on with."""
    values = np.zeros((told.count, table.width), dtype=np.int32)
    whole: list[pa.StringArray] = []
    each = np.arange(told.count, dtype=np.int32)
    for start, (value, first) in table.values.items():
        if value.fill is None:
            values[:, start] = each + np.int32(len(table.fragments) + told.count * len(whole))
            whole.append(told.texts(value.key))
            continue
        for place, piece in enumerate(value.fill(told, first), start=start):
            values[:, place] = piece
        if value.key.partition(":")[0] == table.draw.first_name and (
            renamed := told.renamed.get(table.draw.name)
        ):
            begin = np.int32(len(table.fragments) + told.count * len(whole))
            values[renamed.rows, start] = each[renamed.rows] + begin
            whole.append(renamed.firsts)
    return values, whole


def _planned(table: ProseTable, block: _Block, values: Codes32) -> Codes32:
    """Return the codes of the pieces of each text, (rows, pieces)."""
    told, spoken = block.told, block.told.words()
    which = _part_of(table.shares, spoken)
    words = [told.words() for _ in range(max(len(plan.sentences) for plan in table.plans))]
    found = np.zeros((told.count, max(plan.width for plan in table.plans)), dtype=np.int32)
    for number, plan in enumerate(table.plans):
        rows = np.flatnonzero(which == number) if len(table.plans) > 1 else np.arange(told.count)
        for start in range(0, len(rows), CHUNK):
            some = rows[start : start + CHUNK]
            order = (spoken.take(some) >> np.uint32(16)).astype(np.intp) * len(plan.pieces) >> 16
            found[some, : plan.width] = _of_plan(plan, block, values, some, order, words)
    return found


def _of_plan(
    plan: PlanTable, block: _Block, values: Codes32, rows: Index, order: Index, words: list[Words]
) -> Codes32:
    """Return the pieces of the texts of some rows, (rows, width), their sentences in order."""
    pieces = np.zeros((len(rows), plan.width + 1), dtype=np.int32)
    who, mode, there = block.speakers, block.mode.take(rows), []
    some = Speakers(rows, who.voice.take(rows), None if who.group is None else who.group.take(rows))
    for number, sentence in enumerate(plan.sentences):
        drawn = words[number].take(rows)
        template = chosen(sentence.choices, block.told, drawn, some)
        turn = plan.turns[:, number].take(order)
        laid = _laid(sentence.layout, (template * block.turns + turn) * block.modes + mode, values, rows)
        pieces[:, sentence.start + 1 : sentence.start + 1 + laid.shape[1]] = laid
        there.append(template > 0)
    _separate(plan, pieces, order, there)
    if len(plan.pieces) == 1:
        return pieces[:, :-1]
    places = plan.pieces.take(order, axis=0)
    places += np.arange(len(rows), dtype=np.intp)[:, None] * pieces.shape[1]
    found: Codes32 = pieces.reshape(-1).take(places)
    return found


def _separate(plan: PlanTable, pieces: Codes32, order: Index, there: list[npt.NDArray[np.bool_]]) -> None:
    """Put what stands between sentences before each but the first that is there."""
    for sentence, present in zip(plan.sentences, there, strict=True):
        pieces[:, sentence.start] = present * np.int32(plan.between)
    lead = set(plan.sequence[:, 0].tolist())
    if len(lead) == 1 and plan.sentences[first := lead.pop()].choices.certain:
        pieces[:, plan.sentences[first].start] = 0
        return
    starts = np.array([*(sentence.start for sentence in plan.sentences), plan.width], dtype=np.intp)
    exist = np.column_stack([*there, np.zeros(len(order), np.bool_)])
    each, begun = np.arange(len(order)), np.zeros(len(order), np.bool_)
    for place in range(plan.sequence.shape[1]):
        number = plan.sequence[:, place].take(order)
        here = exist[each, number]
        pieces[each, starts.take(number)] *= begun | ~here
        begun |= here


def _laid(layout: Layout, at: Index, values: Codes32, rows: Index | None) -> Codes32:
    """Return the pieces of templates, (rows, width); at: rows of the layout. rows: of `values`, or all."""
    places = layout.columns.take(at, axis=0)
    each = np.arange(len(at), dtype=np.intp) if rows is None else rows
    places += (each * values.shape[1])[:, None]
    found: Codes32 = values.reshape(-1).take(places)
    found += layout.statics.take(at, axis=0)
    return found


def _part_of(ends: Index, words: Words) -> Index:
    """Return the part in which the low half of each word lies; ends: of the parts, of 65,536."""
    if len(ends) == 1:
        return np.zeros(len(words), np.intp)
    found: Index = np.searchsorted(ends, (words & LOW).astype(np.intp), side="right")
    return found
