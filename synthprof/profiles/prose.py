"""Sentences chosen from templates: the tables for it, and the texts of one block."""

import functools
import itertools
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from synthprof.base.arrays import Codes
from synthprof.base.errors import SpecError
from synthprof.profiles.fragments import join
from synthprof.schemas.draws import PLACEHOLDER, Prose, Slot, Variant
from synthprof.schemas.schema import Schema

Codes32 = npt.NDArray[np.int32]
Index = npt.NDArray[np.intp]
"""The type of indices; NumPy would convert other integers first."""

MAX_COMBINATIONS = 1_024
"""Texts that stand side by side are made one piece while they have at most so many combinations. Fewer
pieces are faster, by a quarter here; still more combinations gain nothing and fill the processor's cache."""

_GENDER = re.compile(r"\{([^{}|]*)\|([^{}|]*)\}")


@dataclass(frozen=True)
class SlotTable:
    """The templates of a slot, each twice: template t in the masculine is t, in the feminine t + count.

    Template 0 is the empty one. `first` and `choices` say, for each combination of values of the columns in
    `domain` (name, lowest, size), where the suitable templates begin and how many there are.
    """

    name: str
    share: int
    domain: tuple[tuple[str, int, int], ...]
    first: Index
    choices: Index
    count: int


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
    column: str
    uses: Codes32


@dataclass(frozen=True)
class ProseTable:
    """All that a text is made of, its parts in order.

    fragments: the static texts, then those of columns that have few, each column's from its offset on.
    """

    draw: Prose
    masculine: int
    slots: tuple[SlotTable, ...]
    parts: tuple[Static | Place, ...]
    fragments: pa.StringArray
    offsets: Mapping[str, int]


def prose_table(schema: Schema, draw: Prose, few: Mapping[str, Sequence[str]]) -> ProseTable:
    """Make the tables of a text; `few` has the fragments of columns that are coded, the empty text first.

    Raises SpecError for a template that cannot be read.
    """
    taken = [_take_apart(number, slot) for number, slot in enumerate(draw.slots)]
    fragments: dict[str, int] = {"": 0}
    parts = tuple(_parts_of(taken, fragments))
    strings, offsets = list(fragments), {}
    for name in dict.fromkeys(
        part.column for part in parts if isinstance(part, Place) and part.column in few
    ):
        offsets[name] = len(strings)
        strings += few[name]
    slots = tuple(_slot_table(schema, slot) for slot in draw.slots)
    masculine = schema.column(draw.sex).values.index(draw.masculine)
    return ProseTable(draw, masculine, slots, parts, pa.array(strings, pa.string()), offsets)


def prose(
    table: ProseTable,
    codes: Mapping[str, Codes],
    few: Mapping[str, Codes32],
    texts: Mapping[str, pa.StringArray],
    words: Callable[[], npt.NDArray[np.uint32]],
) -> pa.StringArray:
    """Return the texts of one block.

    codes: what slots depend on. few: codes into the fragments of columns that have few; texts: the others.
    words gives the next random words, one per row.
    """
    feminine = (codes[table.draw.sex] != table.masculine).astype(np.intp)
    templates = [_templates(slot, codes, words()) + feminine * slot.count for slot in table.slots]
    whole = {part.column: texts[part.column] for part in table.parts
             if isinstance(part, Place) and part.column not in table.offsets}  # fmt: skip
    strings = pa.concat_arrays([table.fragments, *whole.values()])
    each = np.arange(len(feminine), dtype=np.int32)
    starts = (len(table.fragments) + len(feminine) * i for i in range(len(whole)))
    columns = {name: each + np.int32(start) for name, start in zip(whole, starts, strict=True)}
    columns |= {name: few[name] + np.int32(offset) for name, offset in table.offsets.items()}
    return join(strings, [_piece(part, templates, columns) for part in table.parts])


def _piece(part: Static | Place, templates: Sequence[Index], columns: Mapping[str, Codes32]) -> Codes32:
    if isinstance(part, Place):
        return columns[part.column] * part.uses.take(templates[part.slot])
    at = part.ids[0].take(templates[part.slots[0]])
    for slot, ids, size in zip(part.slots[1:], part.ids[1:], part.sizes[1:], strict=True):
        at = at * size + ids.take(templates[slot])
    return part.codes.take(at)


def _templates(slot: SlotTable, codes: Mapping[str, Codes], words: npt.NDArray[np.uint32]) -> Index:
    """Choose the template of each row: the low half of a word says whether there is one."""
    at: Index = np.zeros(1, dtype=np.intp)
    for name, low, size in slot.domain:
        at = at * size + (codes[name].astype(np.intp) - low)
    which = (words >> np.uint32(16)).astype(np.intp) * slot.choices.take(at) >> 16
    return (slot.first.take(at) + which) * ((words & np.uint32(0xFFFF)) < slot.share)


# --- tables ----------------------------------------------------------------------------------------------


def _slot_table(schema: Schema, slot: Slot) -> SlotTable:
    sizes = [len(variant.templates) for variant in slot.variants]
    starts = list(itertools.accumulate(sizes, initial=1))
    domain = _domain(schema, slot)
    names = [name for name, _, _ in domain]
    values = itertools.product(*(range(low, low + size) for _, low, size in domain))
    suits = [_suitable(slot.variants, dict(zip(names, at, strict=True))) for at in values]
    return SlotTable(
        slot.name,
        round(slot.share * 65_536),
        domain,
        np.array([0 if i is None else starts[i] for i in suits], dtype=np.intp),
        np.array([1 if i is None else sizes[i] for i in suits], dtype=np.intp),
        starts[-1],
    )


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


def _take_apart(number: int, slot: Slot) -> _Taken:
    """Return the templates of a slot; each sentence but the first begins with the space before it."""
    space = " " if number else ""
    texts = ["", *(space + template for variant in slot.variants for template in variant.templates)]
    both = [_GENDER.sub(rf"\{group}", text) for group in (1, 2) for text in texts]
    templates = [_template(slot, text) for text in both]
    columns = functools.reduce(_supersequence, (template.columns for template in templates))
    aligned = [_align(template, columns) for template in templates]
    return _Taken(
        columns,
        tuple(zip(*(uses for uses, _ in aligned), strict=True)),
        tuple(zip(*(statics for _, statics in aligned), strict=True)),
    )


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


def _domain(schema: Schema, slot: Slot) -> tuple[tuple[str, int, int], ...]:
    names = dict.fromkeys(name for variant in slot.variants for name, _, _ in variant.when)
    return tuple((name, *_range(schema, name)) for name in names)


def _range(schema: Schema, name: str) -> tuple[int, int]:
    column = schema.column(name)
    if column.kind == "category":
        return 0, len(column.values)
    low, high = column.span
    return low, high - low + 1


def _suitable(variants: tuple[Variant, ...], at: Mapping[str, int]) -> int | None:
    for i, variant in enumerate(variants):
        if all(low <= at[name] <= high for name, low, high in variant.when):
            return i
    return None
