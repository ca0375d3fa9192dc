"""The tables of sentences: templates taken apart, and what stands side by side made one piece."""

import functools
import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from synthprof.base.errors import SpecError
from synthprof.profiles.bands import Axis, axis_of
from synthprof.profiles.samplers.sampler import Flags
from synthprof.schemas.draws import FORMS, PLACEHOLDER, Prose, Slot
from synthprof.schemas.schema import Schema

Codes32 = npt.NDArray[np.int32]
Index = npt.NDArray[np.intp]
"""The type of indices; NumPy would convert other integers first."""

MAX_COMBINATIONS = 1_024
"""Texts that stand side by side are made one piece while they have at most so many combinations. Fewer
pieces are faster, by a quarter here; still more combinations gain nothing and fill the processor's cache."""

MAX_CASES = 1_000_000
"""Combinations of bands of the columns that a slot's variants ask for."""


@dataclass(frozen=True)
class SlotTable:
    """The templates of a slot, once for each form: template t is t + f x count in the form f.

    Template 0 is the empty one. `first` and `choices` say, for each combination of bands of the columns in
    `axes`, where the suitable templates begin and how many there are. `needs` holds the columns that may lack
    values, each with the templates that are left out then, (forms x count,) bool.
    """

    name: str
    share: int
    axes: tuple[Axis, ...]
    first: Index
    choices: Index
    count: int
    needs: tuple[tuple[str, Flags], ...]


@dataclass(frozen=True)
class Static:
    """Text of one or more slots side by side: codes[t0 * size1 + t1 …], ti = ids[i][template of slots[i]]."""

    slots: tuple[int, ...]
    ids: tuple[Index, ...]
    sizes: tuple[int, ...]
    codes: Codes32


@dataclass(frozen=True)
class Place:
    """A column's text, where the template of the slot has uses[template] = 1."""

    slot: int
    key: str
    uses: Codes32


@dataclass(frozen=True)
class ProseTable:
    """All that a text is made of, its parts in order.

    fragments: the static texts, then those of columns that have few, each column's from its offset on. forms:
    the form of each value of the column that chooses.
    """

    draw: Prose
    forms: Index
    slots: tuple[SlotTable, ...]
    parts: tuple[Static | Place, ...]
    fragments: pa.StringArray
    offsets: Mapping[str, int]


def prose_table(schema: Schema, draw: Prose, few: Mapping[str, Sequence[str]]) -> ProseTable:
    """Make the tables of a text; `few` has the fragments of what is coded: columns, with their formats.

    Raises SpecError for a template that cannot be read.
    """
    by = draw.chosen_by
    count = len(by.values) if by else 1
    taken = [_take_apart(number, slot, count) for number, slot in enumerate(draw.slots)]
    fragments: dict[str, int] = {"": 0}
    parts = tuple(_parts_of(taken, fragments))
    strings, offsets = list(fragments), {}
    for key in dict.fromkeys(part.key for part in parts if isinstance(part, Place) and part.key in few):
        offsets[key] = len(strings)
        strings += few[key]
    slots = tuple(_slot_table(schema, draw, slot, each) for slot, each in zip(draw.slots, taken, strict=True))
    values = schema.column(by.column).values if by else ()
    last = count - 1
    forms = [by.values.index(value) if by and value in by.values else last for value in values]
    return ProseTable(
        draw, np.array(forms, dtype=np.intp), slots, parts, pa.array(strings, pa.string()), offsets
    )


def _slot_table(schema: Schema, draw: Prose, slot: Slot, taken: "_Taken") -> SlotTable:
    sizes = [len(variant.templates) for variant in slot.variants]
    starts = list(itertools.accumulate(sizes, initial=1))
    asked = dict.fromkeys(name for variant in slot.variants for name, _, _ in variant.when)
    axes = tuple(
        axis_of(schema.column(name), [w[1:] for v in slot.variants for w in v.when if w[0] == name])
        for name in asked
    )
    if (cases := int(np.prod([axis.size for axis in axes]))) > MAX_CASES:
        raise SpecError(
            f"slot {slot.name}: its variants divide the rows into {cases} cases, but {MAX_CASES} can be told "
            "apart; ask for fewer columns"
        )
    suits = [_suitable(slot, axes, at) for at in itertools.product(*(range(axis.size) for axis in axes))]
    return SlotTable(
        slot.name,
        round(slot.share * 65_536),
        axes,
        np.array([0 if i is None else starts[i] for i in suits], dtype=np.intp),
        np.array([1 if i is None else sizes[i] for i in suits], dtype=np.intp),
        starts[-1],
        tuple(_needs(schema, draw, slot, taken)),
    )


def _suitable(slot: Slot, axes: tuple[Axis, ...], at: tuple[int, ...]) -> int | None:
    """Return the first variant for a combination of bands; None if there is none."""
    bands = {axis.column: (axis, band) for axis, band in zip(axes, at, strict=True)}
    for i, variant in enumerate(slot.variants):
        if all(bands[name][0].holds(bands[name][1], low, high) for name, low, high in variant.when):
            return i
    return None


def _needs(schema: Schema, draw: Prose, slot: Slot, taken: "_Taken") -> Iterable[tuple[str, Flags]]:
    """Yield the columns that may lack values, and the templates that cannot do without them."""
    texts = ["", *(template for variant in slot.variants for template in variant.templates)]
    used = [{key.partition(":")[0] for key in PLACEHOLDER.findall(text)} for text in texts]
    by = draw.chosen_by
    for names, text in zip(used, texts, strict=True):
        if draw.first_name in names:
            names.add(draw.name)
        if by and FORMS.search(text):
            names.add(by.column)
    for name in dict.fromkeys(itertools.chain(*map(sorted, used))):
        if name in schema.by_name and schema.column(name).may_lack:
            yield name, np.tile(np.array([name in names for names in used]), taken.forms)


@dataclass(frozen=True)
class _Template:
    """A template taken apart: statics[0], columns[0], statics[1] and so on."""

    columns: tuple[str, ...]
    statics: tuple[str, ...]


@dataclass(frozen=True)
class _Taken:
    """All templates of a slot over the same columns; uses[i] and statics[i] by template."""

    columns: tuple[str, ...]
    uses: tuple[tuple[int, ...], ...]
    statics: tuple[tuple[str, ...], ...]
    forms: int


def _take_apart(number: int, slot: Slot, forms: int) -> _Taken:
    """Return the templates of a slot; each sentence but the first begins with the space before it."""
    space = " " if number else ""
    texts = ["", *(space + template for variant in slot.variants for template in variant.templates)]
    every = [_in_form(slot, text, form, forms) for form in range(forms) for text in texts]
    templates = [_template(slot, text) for text in every]
    columns = functools.reduce(_supersequence, (template.columns for template in templates))
    aligned = [_align(template, columns) for template in templates]
    return _Taken(
        columns,
        tuple(zip(*(uses for uses, _ in aligned), strict=True)),
        tuple(zip(*(statics for _, statics in aligned), strict=True)),
        forms,
    )


def _in_form(slot: Slot, text: str, form: int, forms: int) -> str:
    """Return a template with one form of each word. Raises SpecError where a word has another number."""
    for found in FORMS.finditer(text):
        if forms == 1 or found[1].count("|") != forms - 1:
            told = f"{forms} to choose from" if forms > 1 else "none to choose from without `forms`"
            raise SpecError(
                f"slot {slot.name}: {found[0]} has {found[1].count('|') + 1} forms, but there are {told}; "
                f"correct {text.strip()!r}"
            )
    return FORMS.sub(lambda found: found[1].split("|")[form], text)


def _template(slot: Slot, text: str) -> _Template:
    split = PLACEHOLDER.split(text)
    if "{" in "".join(split[::2]):
        raise SpecError(f"slot {slot.name}: cannot read template {text!r}; use {{column}} and {{o|a}} only")
    return _Template(tuple(split[1::2]), tuple(split[::2]))


def _supersequence(one: tuple[str, ...], other: tuple[str, ...]) -> tuple[str, ...]:
    """Return the shortest sequence that holds both in their order; of equally short ones always the same."""
    if not one or not other:
        return one or other
    if one[0] == other[0]:
        return (one[0], *_supersequence(one[1:], other[1:]))
    return min(
        (one[0], *_supersequence(one[1:], other)), (other[0], *_supersequence(one, other[1:])), key=len
    )


def _align(template: _Template, columns: tuple[str, ...]) -> tuple[list[int], list[str]]:
    """Align a template with all columns of its slot: the columns it uses, and its static texts."""
    left = list(zip(template.columns, template.statics[1:], strict=True))
    uses, statics = [], [template.statics[0]]
    for column in columns:
        used = bool(left) and left[0][0] == column
        uses.append(int(used))
        statics.append(left.pop(0)[1] if used else "")
    return uses, statics


def _parts_of(taken: Sequence[_Taken], fragments: dict[str, int]) -> Iterable[Static | Place]:
    """Return the parts of a text in order; adjacent static texts are made one while they are few."""
    run: list[tuple[int, tuple[str, ...]]] = []
    for slot, each in enumerate(taken):
        for i, static in enumerate(each.statics):
            if i:
                yield _static(run, fragments)
                yield Place(slot, each.columns[i - 1], np.array(each.uses[i - 1], dtype=np.int32))
                run = []
            if run and _combinations([*run, (slot, static)]) > MAX_COMBINATIONS:
                yield _static(run, fragments)
                run = []
            run.append((slot, static))
    yield _static(run, fragments)


def _combinations(run: Sequence[tuple[int, tuple[str, ...]]]) -> int:
    product = 1
    for _, texts in run:
        product *= len(set(texts))
    return product


def _static(run: Sequence[tuple[int, tuple[str, ...]]], fragments: dict[str, int]) -> Static:
    distinct = [tuple(dict.fromkeys(texts)) for _, texts in run]
    combined = ["".join(texts) for texts in itertools.product(*distinct)]
    return Static(
        tuple(slot for slot, _ in run),
        tuple(
            np.array([known.index(text) for text in texts], dtype=np.intp)
            for (_, texts), known in zip(run, distinct, strict=True)
        ),
        tuple(len(known) for known in distinct),
        np.array([fragments.setdefault(text, len(fragments)) for text in combined], dtype=np.int32),
    )
