"""Uses of a schema's columns outside the profiles: in embeddings and searches, on cards and on the map.

No byte of a profile depends on them (docs/adr/0032).
"""

import string
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from synthprof.base.values import as_text
from synthprof.schemas.draw_kinds.model import DrawModel
from synthprof.schemas.draws import Prose
from synthprof.schemas.schema import Column, Schema
from synthprof.schemas.spans import MEASURED

DEFAULT_WEIGHTS = {"category": 0.5, "list": 1.0, "flag": 0.2, "bool": 0.2}
"""The weight of a column in `catalogue` by its kind, where its schema says nothing of it."""

MEASURED_WEIGHT = 0.25
"""The weight of numbers, dates and times: about as much as an age tells."""

MANY_VALUES, MANY_WEIGHT = 100, 0.15
"""A category of more values than that, as a city, is rarely shared, and counts less."""

TABLE_COLUMNS = 4
"""Columns of a table of results, where its schema names none."""

LINE_PARTS = 3
"""Columns below the name on a card, where its schema names none."""

MAP_LINES = 3
"""Lines at a point of the map, where its schema names none."""


@dataclass(frozen=True)
class Attribute:
    """An attribute of the items of a list, as the author of a book.

    name: a column of profiles, or a name of its own. share: its part of the vector of an item.
    """

    name: str
    share: float


@dataclass(frozen=True)
class Item:
    """One item of the list column that has attributes, as a book, and its values of each attribute."""

    name: str
    attributes: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Items:
    """The items of a list column that have attributes, as books. share: the item's own part of its vector."""

    column: str
    share: float
    attributes: tuple[Attribute, ...]
    rows: tuple[Item, ...]

    @property
    def shares(self) -> dict[str, float]:
        """The parts of an item's vector: the item itself, then each attribute."""
        return {self.column: self.share} | {each.name: each.share for each in self.attributes}


@dataclass(frozen=True)
class Scale:
    """The factor of a column in the encoder `hashed`: 100 + factor x value, the value cut at the limit."""

    column: str
    factor: int
    limit: int


@dataclass(frozen=True)
class Encoding:
    """The use of the columns by encoders and searches by text.

    weights: what each column counts in `catalogue`. anchors: numbers of a column with a direction of their
    own, ascending. conditions: columns whose values in a text are conditions of a search, beside the home.
    """

    weights: Mapping[str, float] = field(default_factory=dict)
    anchors: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    items: Items | None = None
    conditions: tuple[str, ...] = ()
    scales: tuple[Scale, ...] = ()

    def reads_words(self, schema: Schema) -> bool:
        """Return whether the words of a column count, so that any word may find a row."""
        texts = (column for column in schema.columns if column.kind == "text" and not column.values)
        return any(self.weights.get(column.name, 0) > 0 for column in texts)


@dataclass(frozen=True)
class LinePart:
    """Columns whose values are joined by / on the line below the name, and what follows them."""

    columns: tuple[str, ...]
    unit: str = ""


@dataclass(frozen=True)
class View:
    """The columns that stand at the head of a card, in a table of results, and at a point of the map.

    name, text: the column of a row's name and of its description. lists: shown item by item. map: lines with
    columns in braces. row: the word for a row. language: of the values, a tag as `en`. examples: texts to
    search for. title: the schema in one line.
    """

    name: str = ""
    text: str = ""
    line: tuple[LinePart, ...] = ()
    lists: tuple[str, ...] = ()
    table: tuple[str, ...] = ()
    map: tuple[str, ...] = field(default=())
    row: str = ""
    language: str = ""
    examples: tuple[str, ...] = ()
    title: str = ""

    @property
    def head(self) -> tuple[str, ...]:
        """The columns that have a place of their own on a card."""
        return (self.name, self.text, *(name for part in self.line for name in part.columns), *self.lists)

    @property
    def map_columns(self) -> tuple[str, ...]:
        """The columns that the lines on the map name, each once."""
        return tuple(dict.fromkeys(_named("\n".join(self.map))))

    def map_text(self, row: Mapping[str, object]) -> str:
        """Return the lines that the map shows of a row, which has at least `map_columns`."""
        return "\n".join(self.map).format_map({name: as_text(value) for name, value in row.items()})


def default_encoding(schema: Schema, weights: Mapping[str, float] | None = None) -> Encoding:
    """Return the use of the columns by encoders where a schema says nothing of it.

    weights: those that the schema says. Texts whose values are not known beforehand, as names and
    descriptions, count nothing: the one tells little, the other what other columns tell too.
    """
    found = {column.name: default_weight(column) for column in schema.columns} | dict(weights or {})
    return Encoding(weights={name: weight for name, weight in found.items() if weight > 0})


def default_weight(column: Column) -> float:
    """Return what a column counts in `catalogue` where its schema says nothing of it."""
    if isinstance(column.draw, DrawModel) and column.draw.names_rows:
        return 0.0
    if column.kind in MEASURED:
        return MEASURED_WEIGHT
    if column.values and column.kind in ("category", "text"):
        return DEFAULT_WEIGHTS["category"] if len(column.values) <= MANY_VALUES else MANY_WEIGHT
    if isinstance(column.draw, DrawModel) and column.draw.draw == "follows":  # read by its words
        return MANY_WEIGHT
    return DEFAULT_WEIGHTS.get(column.kind, 0.0)


def default_view(schema: Schema) -> View:
    """Return the places of the columns on cards and pages where a schema says nothing of them.

    The name is the first text whose values are not known beforehand, else the first category, else the first
    column; the description is the first prose.
    """
    prose = [column.name for column in schema.columns if isinstance(column.draw, Prose)][:1]
    lists = tuple(column.name for column in schema.columns if column.kind == "list")
    others = [column for column in schema.columns if column.name not in (*prose, *lists)]
    texts = [column.name for column in others if column.kind == "text" and not column.values]
    some = [column.name for column in others if column.values and column.kind in ("category", "text")]
    rest = [column.name for column in others]
    name = (*texts, *some, *rest, *lists, *prose)[0]
    shown = tuple(dict.fromkeys((name, *rest)))[:TABLE_COLUMNS]
    line = tuple(LinePart((each,)) for each in some if each != name)[:LINE_PARTS]
    on_map = tuple(f"{{{each}}}" for each in dict.fromkeys((name, *some)))[:MAP_LINES]
    return View(name, "".join(prose), line, lists, shown, on_map, examples=_examples(schema))


def _examples(schema: Schema) -> tuple[str, ...]:
    """Return texts that name values of up to three columns: the first values, the second and so on."""
    named = [column.values for column in schema.columns if column.values and column.kind != "flag"]
    texts = (", ".join(values[place] for values in named[:3] if place < len(values)) for place in range(3))
    return tuple(dict.fromkeys(filter(None, texts)))


def _named(template: str) -> Iterable[str]:
    return (name for _, name, _, _ in string.Formatter().parse(template) if name)
