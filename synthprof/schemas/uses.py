"""Uses of a schema's columns outside the profiles: in embeddings and searches, on cards and on the map.

They are read from `uses/encoding.toml` and `uses/view.toml` in the schema's folder. No byte of a profile
depends on them, so `files_digest` leaves them out (docs/adr/0032).
"""

import functools
import string
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from synthprof.schemas.files import Table, check_keys, check_table, read_toml
from synthprof.schemas.loader import load_schema, schema_folder
from synthprof.schemas.schema import Schema


@dataclass(frozen=True)
class Attribute:
    """An attribute of the items of a list, as the genre of a game.

    name: a column of profiles, or a name of its own. source: its column in the file of the items. share: its
    part of the vector of an item.
    """

    name: str
    source: str
    share: float


@dataclass(frozen=True)
class Items:
    """The items of a list column that have attributes, as games.

    file: a CSV file of the schema. name: its column of names. share: the item's own part of its vector.
    """

    column: str
    file: str
    name: str
    share: float
    attributes: tuple[Attribute, ...]

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

    weights: Mapping[str, float]
    anchors: Mapping[str, tuple[int, ...]]
    items: Items
    conditions: tuple[str, ...]
    scales: tuple[Scale, ...]


@dataclass(frozen=True)
class LinePart:
    """Columns whose values are joined by / on the line below the name, and what follows them."""

    columns: tuple[str, ...]
    unit: str = ""


@dataclass(frozen=True)
class View:
    """The columns that stand at the head of a card, in a table of results, and at a point of the map.

    name, text: the column of a row's name and of its description. lists: shown item by item. map: lines with
    columns in braces.
    """

    name: str = ""
    text: str = ""
    line: tuple[LinePart, ...] = ()
    lists: tuple[str, ...] = ()
    table: tuple[str, ...] = ()
    map: tuple[str, ...] = field(default=())

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
        return "\n".join(self.map).format_map(row)


@functools.cache
def load_encoding(schema: str) -> Encoding:
    """Return how encoders use the columns of a built-in schema, read once per process.

    Raises SpecError for an unknown schema, and for a file that names an unknown column.
    """
    declared = load_schema(schema)
    table = read_toml(_uses(schema) / "encoding.toml")
    check_table(table, "encoding.toml", ("weights", "anchors", "items", "search", "scale"), ())
    found = Encoding(
        table["weights"],
        {column: tuple(numbers) for column, numbers in table["anchors"].items()},
        _items(table["items"]),
        tuple(table["search"]["conditions"]),
        tuple(Scale(**each) for each in table["scale"]),
    )
    scaled = (scale.column for scale in found.scales)
    _check(declared, "encoding.toml", (*found.weights, *found.anchors, found.items.column, *found.conditions))
    _check(declared, "encoding.toml", scaled)
    return found


@functools.cache
def load_view(schema: str) -> View:
    """Return where the columns of a built-in schema are shown, read once per process.

    Raises SpecError for an unknown schema, and for a file that names an unknown column.
    """
    declared = load_schema(schema)
    table = read_toml(_uses(schema) / "view.toml")
    check_table(table, "view.toml", ("name", "text", "line", "lists", "table", "map"), ())
    line = tuple(LinePart(tuple(each["columns"]), each.get("unit", "")) for each in table["line"])
    lists, shown, on_map = (tuple(table[key]) for key in ("lists", "table", "map"))
    found = View(table["name"], table["text"], line, lists, shown, on_map)
    _check(declared, "view.toml", (*found.head, *found.table, *found.map_columns))
    return found


def _uses(schema: str) -> Path:
    return schema_folder(schema) / "uses"


def _items(table: Table) -> Items:
    check_table(table, "encoding.toml, items", ("column", "file", "name", "share", "attribute"), ())
    attributes = tuple(Attribute(each["name"], each["from"], each["share"]) for each in table["attribute"])
    return Items(table["column"], table["file"], table["name"], table["share"], attributes)


def _named(template: str) -> Iterable[str]:
    return (name for _, name, _, _ in string.Formatter().parse(template) if name)


def _check(schema: Schema, where: str, columns: Iterable[str]) -> None:
    check_keys(columns, schema.by_name, where)
