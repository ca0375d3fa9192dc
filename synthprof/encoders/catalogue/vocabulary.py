"""The known values of a schema's columns, the attributes of its items, and its places."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from synthprof.schemas.draws import Lookup
from synthprof.schemas.files import read_csv
from synthprof.schemas.loader import load_schema, schema_folder
from synthprof.schemas.schema import Schema
from synthprof.schemas.uses import Encoding, Items, load_encoding


@dataclass(frozen=True)
class Item:
    """One item of the list column that has attributes, as a game, and its values of each attribute."""

    name: str
    attributes: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Places:
    """The columns of city and state, and each city with its state."""

    city: str = ""
    state: str = ""
    cities: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Vocabulary:
    """Every known value of a schema by column, the items that have attributes, and the places.

    kinds: kind of each column. encoding: how the columns count.
    """

    schema: str
    kinds: Mapping[str, str]
    values: tuple[tuple[str, tuple[str, ...]], ...]
    items: tuple[Item, ...]
    places: Places
    encoding: Encoding

    @property
    def item_column(self) -> str:
        """The column that lists the items."""
        return self.encoding.items.column

    def attribute_values(self) -> dict[str, tuple[str, ...]]:
        """Return the values of each attribute that is no column, as a genre, in the order of the items."""
        names = (each.name for each in self.encoding.items.attributes if each.name not in self.kinds)
        return {
            name: tuple(dict.fromkeys(value for item in self.items for value in item.attributes[name]))
            for name in names
        }


def read_vocabulary(schema_name: str) -> Vocabulary:
    """Return the vocabulary of a built-in schema. Raises SpecError for an unknown one."""
    schema, encoding = load_schema(schema_name), load_encoding(schema_name)
    return Vocabulary(
        schema_name,
        {column.name: column.kind for column in schema.columns},
        tuple((column.name, column.values) for column in schema.columns if column.values),
        _items(schema_folder(schema_name), encoding.items),
        _places(schema),
        encoding,
    )


def _items(folder: Path, declared: Items) -> tuple[Item, ...]:
    return tuple(
        Item(
            row[declared.name],
            {each.name: tuple(row[each.source].split(";")) for each in declared.attributes},
        )
        for row in read_csv(folder / declared.file)
    )


def _places(schema: Schema) -> Places:
    """Return the places of the column that follows from another one, as a state from its city."""
    for column in schema.columns:
        if isinstance(draw := column.draw, Lookup):
            states = (draw.values[code] for code in draw.codes)
            cities = zip(schema.column(draw.column).values, states, strict=True)
            return Places(draw.column, column.name, tuple(cities))
    return Places()
