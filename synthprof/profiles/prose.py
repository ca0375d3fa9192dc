"""Sentences chosen from templates: the texts of one block; `prose_tables` has what they are chosen from."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from synthprof.base.arrays import Codes
from synthprof.profiles.bands import place_of
from synthprof.profiles.fragments import join
from synthprof.profiles.prose_tables import Codes32, Index, Place, ProseTable, SlotTable, Static
from synthprof.profiles.samplers.sampler import Flags
from synthprof.profiles.vectors import either


@dataclass(frozen=True)
class Told:
    """The parts of the texts of one block, each (count,).

    codes: of columns that are codes, as drawn. few: codes into the fragments of columns that have few. shown:
    a column as the table shows it. texts: what a column with its format reads. missing: the rows in which a
    column has no value. words: the next random words.
    """

    count: int
    codes: Mapping[str, Codes]
    few: Mapping[str, Codes32]
    shown: Callable[[str], pa.Array]
    texts: Callable[[str], pa.StringArray]
    missing: Callable[[str], Flags | None]
    words: Callable[[], npt.NDArray[np.uint32]]


def prose(table: ProseTable, told: Told) -> pa.StringArray:
    """Return the texts of one block."""
    by = table.draw.chosen_by
    form = np.zeros(told.count, np.intp) if by is None else table.forms.take(told.codes[by.column])
    templates = [_templates(slot, form, told) for slot in table.slots]
    keys = [part.key for part in table.parts if isinstance(part, Place) and part.key not in table.offsets]
    whole = {key: told.texts(key) for key in dict.fromkeys(keys)}
    strings = pa.concat_arrays([table.fragments, *whole.values()])
    each = np.arange(told.count, dtype=np.int32)
    starts = (len(table.fragments) + told.count * i for i in range(len(whole)))
    columns = {key: each + np.int32(start) for key, start in zip(whole, starts, strict=True)}
    for key, offset in table.offsets.items():
        columns[key] = told.few[key.partition(":")[0]] + np.int32(offset)
    texts = join(strings, [_piece(part, templates, columns) for part in table.parts])
    return _without_space(texts, templates[0] == 0) if templates else texts


def _without_space(texts: pa.StringArray, begun_late: Flags) -> pa.StringArray:
    """Return texts without the space before the first sentence where the one before it is left out."""
    if not begun_late.any():
        return texts
    return pc.if_else(pa.array(begun_late), pc.utf8_ltrim(texts, " "), texts)


def _piece(part: Static | Place, templates: Sequence[Index], columns: Mapping[str, Codes32]) -> Codes32:
    if isinstance(part, Place):
        return columns[part.key] * part.uses.take(templates[part.slot])
    at = part.ids[0].take(templates[part.slots[0]])
    for slot, ids, size in zip(part.slots[1:], part.ids[1:], part.sizes[1:], strict=True):
        at = at * size + ids.take(templates[slot])
    return part.codes.take(at)


def _templates(slot: SlotTable, form: Index, told: Told) -> Index:
    """Choose the template of each row: the low half of a word says whether there is one."""
    words = told.words()
    at: Index = np.zeros(1, dtype=np.intp)
    for axis in slot.axes:
        at = at * axis.size + place_of(axis, told.codes, told.shown, told.missing(axis.column))
    which = (words >> np.uint32(16)).astype(np.intp) * slot.choices.take(at) >> 16
    found: Index = (slot.first.take(at) + which) * ((words & np.uint32(0xFFFF)) < slot.share)
    found = found + form * slot.count
    absent = either(*(_and(told.missing(name), needed.take(found)) for name, needed in slot.needs))
    return found if absent is None else found * ~absent


def _and(missing: Flags | None, needed: Flags) -> Flags | None:
    return None if missing is None else missing & needed
