"""Texts that are put together from other columns, joined without touching a row in Python."""

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from synthprof.profiles.fragments import join
from synthprof.profiles.samplers.sampler import Rows, Samplers, Setting, without
from synthprof.profiles.stored_forms import stored_form
from synthprof.profiles.vectors import either
from synthprof.profiles.written import write
from synthprof.schemas.draw_kinds.templates import Template
from synthprof.schemas.text_templates import Part


class Templates:
    """Writes the columns of a template and joins them."""

    def __init__(self, draw: Template, setting: Setting) -> None:
        self._parts = draw.parts
        self._missing = draw.missing
        kinds = {name: setting.schema.value_kind(name) for name in draw.given}
        self._lists = {name: kind for name, kind in kinds.items() if kind and kind.name == "list"}

    def draw(self, rows: Rows) -> pa.Array:
        """Return texts, (count,) string; null where a column is missing and nothing stands for it."""

        def shown(name: str) -> pa.Array:
            found = rows.shown(name)
            return stored_form(self._lists[name], found) if name in self._lists else found

        return filled(self._parts, self._missing, shown, rows.count)


def filled(
    parts: Sequence[Part], instead: str | None, columns: Callable[[str], pa.Array], rows: int
) -> pa.Array:
    """Return a template with the values of columns, (rows,) string.

    instead: stands for a missing value; None makes the whole text missing.
    """
    literals = [part for part in parts if isinstance(part, str)]
    fragments = pa.array(["", instead or "", *literals], pa.string())
    tables, pieces = [fragments], []
    offset, literal, missing = len(fragments), 2, None
    for part in parts:
        if isinstance(part, str):
            pieces.append(np.full(rows, literal, np.int32))
            literal += 1
            continue
        texts, absent = write(part, columns(part.column))
        table, codes = _coded(texts)
        codes = codes + np.int32(offset)
        if absent is not None:
            codes = np.where(absent, np.int32(0 if instead is None else 1), codes)
            missing = either(missing, absent)
        tables.append(table)
        pieces.append(codes)
        offset += len(table)
    return without(join(pa.concat_arrays(tables), pieces), missing if instead is None else None)


def _coded(texts: pa.Array) -> tuple[pa.Array, npt.NDArray[np.int32]]:
    """Return fragments, and the fragment of each row."""
    if isinstance(texts, pa.DictionaryArray):
        indices = texts.indices.fill_null(0) if texts.null_count else texts.indices
        return texts.dictionary, indices.to_numpy().astype(np.int32)
    return texts, np.arange(len(texts), dtype=np.int32)


SAMPLERS: Samplers = {Template: Templates}
