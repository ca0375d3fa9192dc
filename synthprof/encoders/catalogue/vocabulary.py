"""The known values of a schema's columns, the attributes of its items, and its places."""

from collections.abc import Mapping
from dataclasses import dataclass

from synthprof.schemas.bundle import Bundle
from synthprof.schemas.draws import Lookup
from synthprof.schemas.schema import TRUTH_VALUES, Column, Schema
from synthprof.schemas.spans import MEASURED, anchors_of
from synthprof.schemas.texts import Texts
from synthprof.schemas.uses import Encoding, Item


@dataclass(frozen=True)
class Places:
    """The columns of city and state, and each city with its state."""

    city: str = ""
    state: str = ""
    cities: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Vocabulary:
    """Every known value of a schema by column, the items that have attributes, and the places.

    anchors: of the columns whose values lie on a line. encoding: how the columns count. texts: how texts are
    read.
    """

    columns: Mapping[str, Column]
    anchors: Mapping[str, tuple[float, ...]]
    values: tuple[tuple[str, tuple[str, ...]], ...]
    places: Places
    encoding: Encoding
    texts: Texts

    @property
    def item_column(self) -> str:
        """The column that lists the items; empty where none have attributes."""
        return self.encoding.items.column if self.encoding.items else ""

    @property
    def items(self) -> tuple[Item, ...]:
        """The items that have attributes."""
        return self.encoding.items.rows if self.encoding.items else ()

    @property
    def shares(self) -> Mapping[str, float]:
        """The parts of an item's vector."""
        return self.encoding.items.shares if self.encoding.items else {}

    def attribute_values(self) -> dict[str, tuple[str, ...]]:
        """Return the values of each attribute that is no column, as a genre, in the order of the items."""
        declared = self.encoding.items.attributes if self.encoding.items else ()
        names = (each.name for each in declared if each.name not in self.columns)
        return {
            name: tuple(dict.fromkeys(value for item in self.items for value in item.attributes[name]))
            for name in names
        }


def vocabulary_of(bundle: Bundle) -> Vocabulary:
    """Return the vocabulary of a schema."""
    columns, encoding = bundle.schema.columns, bundle.encoding
    on_a_line = [column for column in columns if column.kind in MEASURED]
    return Vocabulary(
        {column.name: column for column in columns},
        {each.name: encoding.anchors.get(each.name) or anchors_of(each) for each in on_a_line},
        tuple((column.name, values) for column in columns if (values := _values(column))),
        _places(bundle.schema),
        encoding,
        bundle.texts,
    )


def _values(column: Column) -> tuple[str, ...]:
    return TRUTH_VALUES if column.kind == "bool" else column.values


def _places(schema: Schema) -> Places:
    """Return the places of the column that follows from another one, as a state from its city."""
    for column in schema.columns:
        if isinstance(draw := column.draw, Lookup):
            states = (draw.values[code] for code in draw.codes)
            cities = zip(schema.column(draw.column).values, states, strict=True)
            return Places(draw.column, column.name, tuple(cities))
    return Places()
