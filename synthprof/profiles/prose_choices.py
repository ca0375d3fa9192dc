"""The template of a row: of those that its values allow, one by a random word."""

import hashlib
import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from synthprof.base.errors import SpecError
from synthprof.profiles.bands import Axis, axis_of, place_of
from synthprof.profiles.prose_templates import Grammar
from synthprof.profiles.told import Told
from synthprof.schemas.draws import Bound, Slot
from synthprof.schemas.schema import Schema

Index = npt.NDArray[np.intp]
"""The type of indices; NumPy would convert other integers first."""

MAX_CASES = 1_000_000
"""Combinations of bands of the columns that a sentence's variants ask for."""


@dataclass(frozen=True)
class Choices:
    """The templates among which the rows of each case choose; template 0 is the empty one.

    A case is a voice and a band of each column in `axes`. The case's templates are counts[case] from
    options[first[case]] on. share: of the rows, in 65,536ths, that have any of them. leans: of each group of
    rows that has habits, where in 65,536 its choices begin; spread: how far they go.
    """

    share: int
    axes: tuple[Axis, ...]
    voices: int
    first: Index
    counts: Index
    options: Index
    leans: Index | None = None
    spread: int = 65_536

    @property
    def certain(self) -> bool:
        """True where every row has a template other than the empty one."""
        return self.share == 65_536 and bool((self.options > 0).all())


def choices_of(
    schema: Schema, owner: str, slot: Slot, grammar: Grammar, needs: Sequence[frozenset[str]]
) -> Choices:
    """Return the choices of a sentence or phrase, by its templates and the columns that each needs.

    Raises SpecError for ranges that a column cannot have, and where there are too many cases.
    """
    asked = dict.fromkeys(name for variant in slot.variants for name, _, _ in variant.when)
    names = dict.fromkeys([*asked, *sorted(frozenset().union(*needs))])
    axes = tuple(
        axis_of(schema.column(name), [w[1:] for v in slot.variants for w in v.when if w[0] == name])
        for name in names
    )
    if (count := int(np.prod([axis.size for axis in axes], dtype=np.int64))) > MAX_CASES:
        raise SpecError(
            f"{owner}: its variants divide the rows into {count} cases, but {MAX_CASES} can be told "
            "apart; ask for fewer columns"
        )
    voices = [name for name, _ in grammar.draw.voices] or [""]
    fits = _Fitting(slot, axes, needs)
    cases = itertools.product(itertools.product(*(range(axis.size) for axis in axes)), voices)
    table = _table(fits.templates(bands, voice) or (0,) for bands, voice in cases)
    share, habit = round(slot.share * 65_536), grammar.draw.habit
    if habit is None:
        return Choices(share, axes, len(voices), *table)
    leans = [_lean(owner, group) for group in range(max(habit.groups) + 2)]  # one for rows without
    return Choices(share, axes, len(voices), *table, np.array(leans, np.intp), round(habit.spread * 65_536))


def _lean(owner: str, group: int) -> int:
    """Return where the choices of a group begin, in 65,536: the same on every machine."""
    return int.from_bytes(hashlib.blake2b(f"{owner} {group}".encode(), digest_size=2).digest(), "little")


def _table(cases: Iterable[tuple[int, ...]]) -> tuple[Index, Index, Index]:
    """Return where the templates of each case begin, how many they are, and the templates of all cases."""
    places: dict[tuple[int, ...], int] = {}
    options: list[int] = []
    found = list(cases)
    for each in found:
        if each not in places:
            places[each] = len(options)
            options += each
    first, counts = [places[each] for each in found], [len(each) for each in found]
    return np.array(first, np.intp), np.array(counts, np.intp), np.array(options, np.intp)


@dataclass(frozen=True)
class Speakers:
    """The rows that choose: their numbers, None for all; the voice of each, and its group by habit."""

    rows: Index | None
    voice: Index
    group: Index | None


def chosen(choices: Choices, told: Told, words: npt.NDArray[np.uint32], by: Speakers) -> Index:
    """Return the template of each row; words: one a row, whose low half says whether there is one."""
    voice, rows = by.voice, by.rows
    at = voice if choices.voices > 1 else np.zeros(1, np.intp)
    factor = choices.voices
    for axis in reversed(choices.axes):
        place = place_of(axis, told)
        at = at + (place if rows is None else place.take(rows)) * factor
        factor *= axis.size
    lot = (words >> np.uint32(16)).astype(np.intp)
    if choices.leans is not None and by.group is not None:
        lot = choices.leans.take(by.group) + (lot * choices.spread >> 16) & 0xFFFF
    which = lot * choices.counts.take(at) >> 16
    found = choices.options.take(choices.first.take(at) + which)
    return found if choices.share == 65_536 else found * ((words & np.uint32(0xFFFF)) < choices.share)


def needs_of(
    grammar: Grammar, slot: Slot, phrases: Mapping[str, frozenset[str]]
) -> tuple[frozenset[str], ...]:
    """Return of each template of a slot the columns without which it cannot be told.

    phrases: the columns that each phrase needs.
    """
    return tuple(_needs(grammar, text, phrases) for v in slot.variants for text in v.templates)


def phrase_needs(grammar: Grammar, slot: Slot, phrases: Mapping[str, frozenset[str]]) -> frozenset[str]:
    """Return the columns that a phrase needs: no variant tells of rows in which one is missing."""
    ways = [
        (frozenset(name for name, low, _ in variant.when if low is not None), _needs(grammar, text, phrases))
        for variant in slot.variants
        for text in variant.templates
    ]
    named = frozenset().union(*(asked | needed for asked, needed in ways))
    return frozenset(
        name
        for name in named
        if grammar.may_lack(name) and all(name in asked | needed for asked, needed in ways)
    )


def _needs(grammar: Grammar, template: str, phrases: Mapping[str, frozenset[str]]) -> frozenset[str]:
    named = grammar.named_in(template)
    inner = frozenset().union(*(phrases[name] for name in named if name in phrases))
    return inner | frozenset(name for name in named if grammar.may_lack(name))


class _Fitting:
    """The templates that fit a case: of the first variant that has any."""

    def __init__(self, slot: Slot, axes: Sequence[Axis], needs: Sequence[frozenset[str]]) -> None:
        self._axes = axes
        starts = itertools.accumulate((len(v.templates) for v in slot.variants), initial=0)
        self._variants = [
            (variant, self._bands(variant.when), range(start, start + len(variant.templates)))
            for variant, start in zip(slot.variants, starts, strict=False)
        ]
        self._needs = needs
        self._empty = {
            at for at, text in enumerate(t for v in slot.variants for t in v.templates) if not text
        }

    def _bands(self, when: Iterable[tuple[str, Bound, Bound]]) -> list[tuple[int, frozenset[int]]]:
        """Return for each range the place of its axis and the bands in it."""
        places = {axis.column: at for at, axis in enumerate(self._axes)}
        return [
            (places[name], frozenset(b for b in range(axis.size) if axis.holds(b, low, high)))
            for name, low, high in when
            for axis in [self._axes[places[name]]]
        ]

    def templates(self, bands: tuple[int, ...], voice: str) -> tuple[int, ...]:
        """Return the templates, from 1 on, or 0 for those that say nothing; none where no variant fits."""
        lacking = {
            axis.column
            for axis, band in zip(self._axes, bands, strict=True)
            if axis.may_lack and band == axis.size - 1
        }
        for variant, asked, span in self._variants:
            if variant.voice in ("", voice) and all(bands[at] in held for at, held in asked):
                found = tuple(
                    0 if at in self._empty else at + 1 for at in span if not self._needs[at] & lacking
                )
                if found:
                    return found
        return ()
