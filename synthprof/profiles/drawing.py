"""Draws profiles by columns: a schema and a block's number give an Arrow record batch.

Everything is integer codes until the end: tables made once per process turn raw random words into codes, and
codes into text. No row is touched by Python.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.ma  # pa.array looks for it: it is there before processes are forked
import numpy.typing as npt
import pyarrow as pa

from synthprof.base.arrays import Codes
from synthprof.base.streams import Stream, stream
from synthprof.profiles.alias import Drawn, code_type
from synthprof.profiles.axes import GivenAxis, bands
from synthprof.profiles.elementary import Floats
from synthprof.profiles.fragments import Pieces, join
from synthprof.profiles.full_names import NameRows, pick_names
from synthprof.profiles.item_lists import ByItems
from synthprof.profiles.margins import raked
from synthprof.profiles.nulls import missing_rows
from synthprof.profiles.odds import Axis
from synthprof.profiles.picks import Candidates, Picks, pick, pieces_of
from synthprof.profiles.prose import prose
from synthprof.profiles.samplers.sampler import Flags, Parents, without
from synthprof.profiles.samplers.sampler import Rows as DrawnRows
from synthprof.profiles.separation import weight_of
from synthprof.profiles.stored_forms import stored_form
from synthprof.profiles.tables import Rows, Tables, tables_of
from synthprof.profiles.told import Items, Told
from synthprof.profiles.vectors import either
from synthprof.profiles.whole_lists import Whole
from synthprof.profiles.written import write
from synthprof.schemas.draw_kinds.model import DrawModel
from synthprof.schemas.draws import (
    Chance,
    Choice,
    FullName,
    Lookup,
    Number,
    Prose,
    Subset,
    Summary,
    YearsSince,
)
from synthprof.schemas.nulls import Nulls
from synthprof.schemas.schema import Column, Schema
from synthprof.schemas.tables import PARENT
from synthprof.schemas.text_templates import Field
from synthprof.spec.spec import BLOCK_ROWS

if TYPE_CHECKING:
    from synthprof.profiles.second_records.columns import SecondColumns

ARCHETYPE = ""
"""Stands for a column's name in the archetypes' stream; no column can have it."""


@dataclass(frozen=True)
class Generated:
    """The profiles of a block and, apart, the archetype behind each.

    profiles: `id` int64 and the schema's columns. archetypes: (n,) uint8 indices into schema.archetypes.
    duplicates: the truth on second records, as `second_records.truth` has it; None where there are none.
    """

    profiles: pa.RecordBatch
    archetypes: npt.NDArray[np.uint8]
    duplicates: pa.RecordBatch | None = None


def generate(
    schema: Schema, seed: int, locale: str, separation: float, block: int, rows: int = BLOCK_ROWS
) -> Generated:
    """Return the first `rows` profiles of a block: the same bytes in every process and at any time.

    A whole block is drawn, and texts are made of its first rows, so that a short block is the beginning of
    the full one.

    locale: language of the names, one of `spec.locales()`. separation: of the archetypes, from 0 to 1.
    block: from 0. rows: 1 to BLOCK_ROWS. Raises SpecError where the schema's odds leave nothing to choose
    from, or one of its templates cannot be read.
    """
    return batch_of(drawn(schema, seed, locale, separation, block, rows), schema, block)


def batch_of(drawing: "Drawing", schema: Schema, block: int) -> Generated:
    """Return the drawn columns of a block as a batch, in the order of the schema."""
    first = block * BLOCK_ROWS + 1
    arrays = {"id": pa.array(np.arange(first, first + drawing.rows))}
    arrays |= {column.name: drawing.array(column) for column in schema.columns}
    profiles = pa.RecordBatch.from_pydict(arrays)
    truth = drawing.second.truth(schema, profiles) if drawing.second else None
    return Generated(profiles, drawing.archetypes[: drawing.rows], truth)


def drawn(schema: Schema, seed: int, locale: str, separation: float, block: int, rows: int) -> "Drawing":
    """Return the drawn columns of a block; as `generate`, which makes a batch of them."""
    tables = tables_of(schema, locale, separation, seed)
    extent = Extent(block * BLOCK_ROWS, rows, BLOCK_ROWS)
    drawing = Drawing(tables, lambda column, purpose: stream(seed, column, purpose, block), extent)
    # a margin by two columns may add a dependence, and so change the order
    dependent = raked(schema, weight_of(separation))
    if schema.duplicates:
        from synthprof.profiles.second_records.drawing import repeated  # only who has some pays for them

        return repeated(drawing, dependent, seed, block)
    for column in dependent.drawing_order:
        drawing.draw(column)
    return drawing


# --- one block -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Extent:
    """The rows to draw: the first `rows` of `total`, from the position `first` of the whole table, from 0."""

    first: int
    rows: int
    total: int


@dataclass(frozen=True)
class Inherited:
    """The parents of the rows of a child table: their drawing, and each row's place in it, (total,) intp."""

    drawing: "Drawing"
    index: Rows


class Drawing:
    """The codes of one block, column by column, and the texts of its first rows.

    `codes` holds (total,) indices of a category's values, or numbers; `picks` the items of lists;
    `first_names` codes into the fragments of names; `texts` (rows,) what lists, names and prose read;
    `values` (rows,) what samplers draw, in its own type. What a child table has of its `parents` is taken for
    each of its rows.
    """

    def __init__(
        self,
        tables: Tables,
        streams: Callable[[str, str], Stream],
        extent: Extent,
        parents: Inherited | None = None,
    ) -> None:
        self.tables = tables
        self.streams = streams
        self.first, self.rows, self.total = extent.first, extent.rows, extent.total
        self.parents = parents
        self.codes: dict[str, Codes] = {}
        self.picks: dict[str, Picks] = {}
        self.first_names: dict[str, npt.NDArray[np.int32]] = {}
        self.texts: dict[str, pa.StringArray] = {}
        self.values: dict[str, pa.Array] = {}
        self.normals: dict[str, Floats] = {}
        self._missing: dict[str, Flags | None] = {}
        self.second: SecondColumns | None = None
        if parents is None:
            self.archetypes = tables.archetypes.draw(self.words(ARCHETYPE)).astype(np.uint8)
        else:
            self.archetypes = parents.drawing.archetypes.take(parents.index)
            self._inherit(parents)

    def _inherit(self, parents: Inherited) -> None:
        """Take the codes of the parents; texts and values are taken when a sampler asks for them."""
        for column in (column for column in self.tables.schema.columns if column.inherited):
            name = column.name.removeprefix(PARENT)
            if name in parents.drawing.codes:
                self.codes[column.name] = parents.drawing.codes[name].take(parents.index)
            if name in parents.drawing.picks:
                picks = parents.drawing.picks[name]
                self.picks[column.name] = Picks(
                    picks.items.take(parents.index, axis=1), picks.counts.take(parents.index)
                )

    def draw(self, column: Column) -> None:
        """Draw a column; the columns it depends on must have been drawn."""
        name = column.name
        match column.draw:
            case Choice() | Chance() | YearsSince():
                self.codes[name] = self._by_odds(name)
            case Number(low=low):
                codes = self._by_odds(name)
                self.codes[name] = codes.astype(number_type(column), copy=False) + low
            case Lookup(column=of, codes=codes, values=values):
                self.codes[name] = np.array(codes, dtype=code_type(len(values))).take(self.codes[of])
            case Subset() as draw:
                self._subset(name, draw)
            case Summary() as draw:
                self.codes[name] = self._summary(name, draw)
            case FullName() | Prose() as draw:
                self.texts[name] = self._text(name, draw)
            case DrawModel():
                self.values[name] = self.tables.samplers[name].draw(self._rows_to_draw(name))

    def array(self, column: Column) -> pa.Array:
        """Return the column as it stands in the batch."""
        shown = self.shown(column)
        return shown if column.value_kind is None else stored_form(column.value_kind, shown)

    def shown(self, column: Column) -> pa.Array:
        """Return the column in its own type, without the values that are taken away."""
        return without(self.in_own_type(column), self.missing(column.name))

    def missing(self, name: str) -> Flags | None:
        """Return the rows in which a column has no value; None if it has all. What it hangs on is drawn."""
        column = self.tables.schema.column(name)
        if column.nulls is None:
            return None
        if name not in self._missing:
            drawn = partial(self._of_nulls, column, column.nulls)
            self._missing[name] = self.second.missing(column, drawn) if self.second else drawn()
        return self._missing[name]

    def _of_nulls(self, column: Column, nulls: Nulls) -> Flags | None:
        if not column.inherited or self.parents is None:
            return missing_rows(nulls, self._rows_to_draw(column.name))
        found = self.parents.drawing.missing(column.name.removeprefix(PARENT))
        return None if found is None else found.take(self.parents.index[: self.rows])

    def in_own_type(self, column: Column) -> pa.Array:
        """Return the column, (rows,), in its own type."""
        if column.inherited and self.parents is not None:
            return self._of_parents(column.name).take(pa.array(self.parents.index[: self.rows]))
        if column.name in self.values:
            return self.values[column.name]
        if column.name in self.texts:
            return self.texts[column.name]
        codes = self.codes[column.name][: self.rows]
        if column.kind == "category":
            narrow = codes.astype(index_type(len(column.values)))
            return pa.DictionaryArray.from_arrays(pa.array(narrow), self.tables.strings[column.name])
        return pa.array(codes.astype(np.int8 if column.kind == "flag" else number_type(column)))

    def _rows_to_draw(self, name: str, correlated: bool = True) -> DrawnRows:
        return DrawnRows(
            first=self.first,
            count=self.rows,
            total=self.total,
            archetypes=self.archetypes[: self.rows],
            given=lambda of: self.in_own_type(self.tables.schema.column(of)),
            stream=lambda purpose: self.streams(name, purpose),
            missing=self.missing,
            parents=Parents(self.parents.index[: self.rows], self._of_parents) if self.parents else None,
            correlated=lambda: self._normals(name) if correlated else None,
        )

    def _of_parents(self, name: str) -> pa.Array:
        assert self.parents is not None
        drawing = self.parents.drawing
        return drawing.in_own_type(drawing.tables.schema.column(name.removeprefix(PARENT)))

    def _normals(self, name: str) -> Floats | None:
        """Return the normal numbers behind a correlated column, (rows,), made with those of its group."""
        if name in self.tables.copulas and name not in self.normals:
            copula = self.tables.copulas[name]
            self.normals |= copula.normals(lambda of: self._rows_to_draw(of, correlated=False).tails())
        return self.normals.get(name)

    def words(self, column: str) -> npt.NDArray[np.uint32]:
        """One random word per row."""
        return self.streams(column, "draw").uint32(self.total)

    def _by_odds(self, name: str) -> Drawn:
        by = self.tables.odds[name]
        return by.table.draw(self.words(name), self._rows(by.axes))

    def rows_of(self, axes: Sequence[Axis]) -> Rows:
        """Return the combination of the codes of axes of each row, (total,); their columns are drawn."""
        rows = self._rows(axes)
        return np.zeros(self.total, dtype=np.intp) if rows is None else rows

    def _rows(self, axes: Sequence[Axis]) -> Rows | None:
        """Return the row of a table of odds for each profile, or None for a table of one row."""
        rows = None
        for axis in axes:
            code = self._code(axis)
            rows = code if rows is None else rows * axis.size + code
        return rows

    def _code(self, axis: Axis) -> Rows:
        """Return the code of each row on an axis, (total,); 0 for rows that a sampler did not draw."""
        if axis.column is None:
            return axis.codes.take(self.archetypes)
        if axis.column in self.codes and not axis.edges:
            return axis.codes.take(self.codes[axis.column] - axis.low)
        found = np.zeros(self.total, dtype=np.intp)
        found[: self.rows] = self.bands_of(axis.column, axis.edges)
        return found

    def bands_of(self, name: str, edges: Sequence[float]) -> Rows:
        """Return the band of each row in a column of a sampler, or the place of its value, (rows,)."""
        column = self.tables.schema.column(name)
        own = self.in_own_type(column)
        return bands(own, edges) if edges else GivenAxis(name, values=column.values).codes(own)

    def _subset(self, name: str, draw: Subset) -> None:
        match self.tables.lists[name]:
            case Whole() as whole:
                found = whole.table.draw(self.words(name), self._rows(whole.axes))
                self.picks[name] = Picks(whole.items.take(found, axis=1), whole.counts.take(found))
                self.texts[name] = self.tables.strings[name].take(pa.array(found[: self.rows]))
            case ByItems() as by:
                self.picks[name] = self._pick(name, draw, by)
                self.texts[name] = self._join(name, pieces_of(self.picks[name], len(draw.values)))

    def _pick(self, name: str, draw: Subset, by: ByItems) -> Picks:
        words = self.streams(name, "draw")
        sizes = by.sizes.draw(words.uint32(self.total), self._rows(by.size_axes))
        through = draw.through is not None
        candidates = Candidates(
            by=by,
            words=words,
            halves=self.streams(name, "through"),
            keeping=self.streams(name, "keep"),
            total=self.total,
            given=self._rows(by.axes[:-1] if through else by.axes),
            kept=self._rows(by.kept_axes),
            held=self.picks[draw.through] if draw.through is not None else None,
            by_place=name in self.tables.by_place,
        )
        return pick(draw, candidates, sizes.astype(np.intp) + 1)

    def _summary(self, name: str, draw: Summary) -> Codes:
        """Return what the items of a list come to, (total,)."""
        levels = self.tables.summaries[name].take(self.picks[draw.column].items)
        together = {"largest": np.maximum, "smallest": np.minimum, "sum": np.add}[draw.take]
        kind = code_type(len(draw.values)) if draw.values else np.int32
        found: Codes = together.reduce(levels, axis=0).astype(kind)
        return found

    def _text(self, name: str, draw: FullName | Prose) -> pa.StringArray:
        if isinstance(draw, Prose):
            return self._prose(name, draw)
        return self._join(name, self._full_name(name, draw))

    def _full_name(self, name: str, draw: FullName) -> Pieces:
        by = self.tables.names[name]
        sex: Rows = self.codes[draw.sex].astype(np.intp)
        low, _ = self.tables.schema.column(draw.age).span
        decades = by.names.first_shares.shape[1]
        rows = NameRows(
            firsts=sex * decades + by.decades.take(self.codes[draw.age] - low),
            lasts=sex if by.by_sex else self._rows(by.lasts.axes),
            suffixes=self._rows(by.suffixes.axes) if by.suffixes else None,
        )
        found = pick_names(by, self.streams(name, "draw"), rows)
        self.first_names[name] = found.first
        return found.pieces

    def _prose(self, name: str, draw: Prose) -> pa.StringArray:
        words = self.streams(name, "templates")
        told = Told(
            count=self.rows,
            codes={name: codes[: self.rows] for name, codes in self.codes.items()},
            lists={
                name: Items(p.items[:, : self.rows], p.counts[: self.rows]) for name, p in self.picks.items()
            },
            firsts={name: codes[: self.rows] for name, codes in self.first_names.items()},
            shown=self._shown,
            texts=self._text_of,
            missing=self._lacks,
            words=lambda: words.uint32(self.total)[: self.rows],
            renamed=self.second.renamed if self.second else {},
        )
        return prose(self.tables.prose[name], told)

    def _shown(self, name: str) -> pa.Array:
        return without(self.in_own_type(self.tables.schema.column(name)), self.missing(name))

    def _lacks(self, name: str) -> Flags | None:
        """Return the rows in which a column shows no value, whether drawn or taken away."""
        own = self.values.get(name)
        drawn = own.is_null().to_numpy(zero_copy_only=False) if own is not None and own.null_count else None
        return either(drawn, self.missing(name))

    def _text_of(self, key: str) -> pa.StringArray:
        """Return what a column reads in a text, in its format; the empty text where it has no value."""
        name, _, form = key.partition(":")
        column = self.tables.schema.column(name)
        shown = self._shown(name)
        if column.kind == "list" and column.value_kind is not None:
            shown = stored_form(column.value_kind, shown)
        texts, missing = write(Field(name, form, 0), shown)
        whole = without(texts.cast(pa.string()), missing)
        return whole.fill_null("") if whole.null_count else whole

    def _join(self, name: str, pieces: Pieces) -> pa.StringArray:
        return join(self.tables.strings[name], [piece[: self.rows] for piece in pieces])


def number_type(column: Column) -> type[np.signedinteger[Any]]:
    """Return the type of a column of numbers in a block."""
    low, high = column.span
    return np.int16 if low >= -(2**15) and high < 2**15 else np.int32


def index_type(values: int) -> type[np.signedinteger[Any]]:
    """Return the type of indices of so many values in a block."""
    return np.int8 if values <= 127 else np.int16 if values < 2**15 else np.int32
