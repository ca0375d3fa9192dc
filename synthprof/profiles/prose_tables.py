"""The tables of texts: values and phrases that they name, templates as rows of codes, and plans."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from synthprof.base.errors import SpecError
from synthprof.profiles.prose_choices import Choices, Index, choices_of, needs_of, phrase_needs
from synthprof.profiles.prose_templates import Grammar, Mode, Part
from synthprof.profiles.prose_values import Codes32, Value, value_of
from synthprof.schemas.draws import Plan, Prose, Slot
from synthprof.schemas.schema import Schema

MAX_ORDERS = 120
"""Orders of the free sentences of a plan; more are not needed, since each has many shapes."""


@dataclass(frozen=True)
class Layout:
    """Templates as codes: piece p is the value of the row in column columns[at, p], plus statics[at, p].

    at: template * modes + mode. A literal text has the column 0, which is 0; a value has the static 0.
    """

    columns: Index
    statics: Codes32


@dataclass(frozen=True)
class PhraseTable:
    """A phrase: its layouts, plain and with a capital letter, each with the column of its first piece."""

    choices: Choices
    layouts: tuple[tuple[Layout, int], ...]


@dataclass(frozen=True)
class SentenceTable:
    """A sentence of a plan: what stands before it is the piece `start`, and its own pieces follow."""

    choices: Choices
    layout: Layout
    start: int


@dataclass(frozen=True)
class PlanTable:
    """A plan: order k has the sentences sequence[k], -1 for none, and piece pieces[k, p] as its p-th.

    turns: (orders, sentences) the turn of each sentence. between: the fragment between sentences. width:
    number of pieces; the piece `width` is always empty.
    """

    sentences: tuple[SentenceTable, ...]
    pieces: Index
    sequence: Index
    turns: Index
    between: int
    width: int


@dataclass(frozen=True)
class ProseTable:
    """All that a text is made of.

    fragments: literal texts and the values of what is coded. values: by the column of their first piece, each
    with the number of its first fragment; width: columns in all. forms, groups: the form of each value of the
    column that chooses, and the group of each of the one that habits depend on. voices, shares: of 65,536
    texts those in each voice, of each plan, and of the ones before.
    """

    draw: Prose
    grammar: Grammar
    forms: Index
    groups: Index
    voices: Index
    shares: Index
    values: Mapping[int, tuple[Value, int]]
    phrases: tuple[PhraseTable, ...]
    plans: tuple[PlanTable, ...]
    fragments: pa.StringArray
    width: int


def prose_table(schema: Schema, draw: Prose, strings: Mapping[str, Sequence[str]]) -> ProseTable:
    """Make the tables of a text; strings: by column the values that are coded, or the fragments of names.

    Raises SpecError for a template that cannot be read.
    """
    return _Maker(schema, draw, strings).table()


class _Maker:
    """The parts of the tables of one text, while they are made."""

    def __init__(self, schema: Schema, draw: Prose, strings: Mapping[str, Sequence[str]]) -> None:
        self._schema, self._draw, self._strings = schema, draw, strings
        self._grammar = Grammar(schema, draw)
        self._fragments: list[str] = [""]
        self._literals: dict[str, int] = {"": 0}
        self._width = 1
        self._values: dict[int, tuple[Value, int]] = {}
        self._places: dict[Part, tuple[int, int]] = {}
        self._phrases = {phrase.name: phrase for phrase in draw.phrases}
        self._needed: dict[str, frozenset[str]] = {}
        self._open: list[str] = []
        self._made: dict[str, tuple[Choices, list[tuple[Layout, int]]]] = {}

    def table(self) -> ProseTable:
        """Return the tables: those of the plans, and of all that these name."""
        draw, by = self._draw, self._draw.chosen_by
        for phrase in draw.phrases:
            self._needed[phrase.name] = phrase_needs(self._grammar, phrase, self._needed)
        plans = draw.planned
        made = tuple(self._plan(number, plan) for number, plan in enumerate(plans))
        values = self._schema.column(by.column).values if by else ()
        last = self._grammar.forms - 1
        forms = [by.values.index(value) if by and value in by.values else last for value in values]
        return ProseTable(
            draw,
            self._grammar,
            np.array(forms, dtype=np.intp),
            np.array(draw.habit.groups if draw.habit else (), dtype=np.intp),
            _cumulated([weight for _, weight in draw.voices] or [1.0]),
            _cumulated([plan.weight for plan in plans]),
            self._values,
            tuple(PhraseTable(choices, tuple(layouts)) for choices, layouts in self._made.values()),
            made,
            pa.array(self._fragments, pa.string()),
            self._width,
        )

    def _plan(self, number: int, plan: Plan) -> PlanTable:
        sentences, start = [], 0
        for slot in self._draw.told_in(plan):
            owner = f"slot {slot.name}"
            needs = needs_of(self._grammar, slot, self._needed)
            choices = choices_of(self._schema, owner, slot, self._grammar, needs)
            layout = self._layout(owner, slot, plan.capital, self._grammar.turns)
            sentences.append(SentenceTable(choices, layout, start))
            start += 1 + layout.columns.shape[1]
        return _ordered(
            tuple(sentences), orders_of(number, plan), self._grammar.turns, self._literal(plan.between)
        )

    def _layout(self, owner: str, slot: Slot, capital: bool, turns: int) -> Layout:
        """Return the templates of a slot, the empty one first, each in all modes: by turn, voice and form."""
        grammar = self._grammar
        modes = [
            Mode(voice, form, turn)
            for turn in range(turns)
            for voice in range(grammar.voices)
            for form in range(grammar.forms)
        ]
        templates = ["", *(text for variant in slot.variants for text in variant.templates)]
        known: dict[str, int] = {}  # most templates read alike in many modes
        rows: list[list[tuple[int, int]]] = []
        at = []
        for template in templates:
            for mode in modes:
                text = grammar.told(owner, template, mode)
                if text not in known:
                    known[text] = len(rows)
                    rows.append(self._pieces(grammar.parts(owner, template, text, capital)))
                at.append(known[text])
        width = max(map(len, rows))
        pieces = np.array([[*row, *[(0, 0)] * (width - len(row))] for row in rows], dtype=np.int32)
        pieces = pieces.reshape(len(rows), width, 2).take(at, axis=0)
        return Layout(pieces[:, :, 0].astype(np.intp), np.ascontiguousarray(pieces[:, :, 1]))

    def _pieces(self, parts: Sequence[Part]) -> list[tuple[int, int]]:
        found: list[tuple[int, int]] = []
        for part in parts:
            if part.named:
                start, width = self._place(part)
                found += ((start + at, 0) for at in range(width))
            else:
                found.append((0, self._literal(part.text)))
        return found

    def _literal(self, text: str) -> int:
        if text not in self._literals:
            self._literals[text] = len(self._fragments)
            self._fragments.append(text)
        return self._literals[text]

    def _place(self, part: Part) -> tuple[int, int]:
        """Return the place of the pieces of a value or phrase, and their number; make it the first time."""
        if part not in self._places:
            if part.text in self._phrases:
                self._phrase(part)
            else:
                value = value_of(self._schema, self._draw, part.text, self._strings, part.capital)
                self._values[self._width] = value, len(self._fragments)
                self._fragments += value.fragments
                self._places[part] = self._take(value.width)
        return self._places[part]

    def _phrase(self, part: Part) -> None:
        """Make the layout of a phrase, after all that it names. SpecError for one that names itself."""
        phrase, owner = self._phrases[part.text], f"phrase {part.text}"
        if part.text in self._open:
            raise SpecError(
                f"{owner} names itself, by way of {', '.join(self._open)}; remove one of the names"
            )
        self._open.append(part.text)
        layout = self._layout(owner, phrase, part.capital, 1)
        self._open.pop()
        if part.text not in self._made:
            needs = needs_of(self._grammar, phrase, self._needed)
            choices = choices_of(self._schema, owner, phrase, self._grammar, needs)
            self._made[part.text] = choices, []
        self._places[part] = self._take(layout.columns.shape[1])
        self._made[part.text][1].append((layout, self._places[part][0]))

    def _take(self, width: int) -> tuple[int, int]:
        start = self._width
        self._width += width
        return start, width


def _ordered(
    sentences: tuple[SentenceTable, ...], orders: Sequence[tuple[int, ...]], turns: int, between: int
) -> PlanTable:
    """Return a plan with its orders as tables."""
    ends = [sentence.start + 1 + sentence.layout.columns.shape[1] for sentence in sentences]
    width = ends[-1]
    pieces = np.full((len(orders), width), width, dtype=np.intp)
    sequence = np.full((len(orders), len(sentences)), -1, dtype=np.intp)
    turn = np.zeros((len(orders), len(sentences)), dtype=np.intp)
    for at, order in enumerate(orders):
        found = np.concatenate([np.arange(sentences[i].start, ends[i]) for i in order])
        pieces[at, : len(found)] = found
        sequence[at, : len(order)] = order
        turn[at, list(order)] = np.arange(len(order)) % turns
    return PlanTable(sentences, pieces, sequence, turn, between, width)


def orders_of(number: int, plan: Plan) -> list[tuple[int, ...]]:
    """Return orders of the sentences of a plan, as places in `plan.slots`: the same on every machine.

    The free sentences are sorted by digests of their names; number: of the plan.
    """
    begin, free = len(plan.begin), len(plan.free)
    last = tuple(range(begin + free, len(plan.slots)))
    low, high = plan.some or (free, free)
    found: dict[tuple[int, ...], None] = {}
    for at in range(MAX_ORDERS if free else 1):
        ranked = sorted(range(free), key=lambda i: _rank(number, at, plan.free[i]))
        kept = ranked[: low + at % (high - low + 1)]
        found[(*range(begin), *(begin + i for i in kept), *last)] = None
    return list(found)


def _rank(number: int, order: int, name: str) -> bytes:
    return hashlib.blake2b(f"{number} {order} {name}".encode(), digest_size=8).digest()


def _cumulated(weights: Sequence[float]) -> Index:
    """Return the upper ends of shares of 65,536, in order."""
    ends = np.cumsum(np.array(weights, dtype=np.float64))
    found: npt.NDArray[np.intp] = np.rint(ends / ends[-1] * 65_536).astype(np.intp)
    return found
