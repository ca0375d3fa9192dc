"""The known values of a schema's columns, the attributes of its items, and its places."""

import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from synthprof.schemas.bundle import Bundle
from synthprof.schemas.draw_kinds.places import Follows, Latitude, Longitude, Place, place_of
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


@dataclass(frozen=True, eq=False)
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


@functools.lru_cache(maxsize=4)
def vocabulary_of(bundle: Bundle) -> Vocabulary:
    """Return the vocabulary of a schema, made once."""
    columns, encoding, places = bundle.schema.columns, bundle.encoding, _places(bundle.schema)
    on_a_line = [column for column in columns if column.kind in MEASURED]
    return Vocabulary(
        {column.name: column for column in columns},
        {each.name: encoding.anchors.get(each.name) or anchors_of(each) for each in on_a_line},
        tuple((column.name, values) for column in columns if (values := _values(column, places))),
        places,
        encoding,
        bundle.texts,
    )


def _values(column: Column, places: Places) -> tuple[str, ...]:
    if column.kind == "bool":
        return TRUTH_VALUES
    states = (state for _, state in places.cities) if column.name == places.state else ()
    return column.values or tuple(dict.fromkeys(states))


def _places(schema: Schema) -> Places:
    """Return the places on the map with what follows from them, else the first value that follows another."""
    around = {of for each in schema.columns if (of := _centre(each))}
    for column in schema.columns:
        if isinstance(draw := column.draw, Follows) and draw.of in around and draw.type == "text":
            followed = _followed(draw, place_of(column.name, draw.of, schema))
            if followed:
                return Places(draw.of, column.name, followed)
    for column in schema.columns:
        if isinstance(draw := column.draw, Lookup) and (city := _city(schema, column.name, draw)):
            towns = city.values if city.name == draw.column else _looked_up(city)
            pairs = zip(towns, _looked_up(column), strict=True)
            return Places(city.name, column.name, tuple(dict.fromkeys(pairs)))
        if isinstance(draw, Follows) and not draw.by_value and draw.type == "text":
            followed = _followed(draw, place_of(column.name, draw.of, schema))
            return Places(draw.of, column.name, followed)
    return Places()


def _city(schema: Schema, name: str, draw: Lookup) -> Column | None:
    """Return the column that a lookup tells the state of.

    It is the one that is looked up or, where that is hidden, another that follows from it and has more
    values, as towns and states follow from a code.
    """
    if draw.column in schema.by_name:
        return schema.column(draw.column)
    beside = [
        column
        for column in schema.columns
        if isinstance(column.draw, Lookup) and column.draw.column == draw.column and column.name != name
    ]
    return next((column for column in beside if len(column.values) > len(draw.values)), None)


def _looked_up(column: Column) -> Iterator[str]:
    """Yield the value of a lookup for each value of the column that it follows from."""
    assert isinstance(column.draw, Lookup)
    yield from (column.draw.values[code] for code in column.draw.codes)


def _centre(column: Column) -> str:
    """Return the place around which a coordinate is drawn; empty for other columns."""
    return column.draw.of if isinstance(column.draw, Latitude | Longitude) else ""


def _followed(draw: Follows, place: Place) -> tuple[tuple[str, str], ...]:
    """Return each place with what follows from it; empty where a place has nothing that does.

    Places of one name may have several.
    """
    towns = place.values_of(place.value)
    if not draw.by_value:
        return tuple(dict.fromkeys(zip(towns, place.values_of(draw.value), strict=True)))
    found = dict(zip(draw.keys, draw.values_of(draw.value), strict=True))
    each = {town: found.get(town, draw.otherwise) for town in towns}
    whole = tuple((town, value) for town, value in each.items() if value is not None)
    return whole if len(whole) == len(each) else ()
