"""Places and whatever else has levels: one draw of a row of a table gives the values of several columns."""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import Field, ValidationError, model_validator

from synthprof.base.column_kinds import Kind
from synthprof.base.errors import SpecError
from synthprof.schemas.draw_kinds.model import DrawModel, Files

if TYPE_CHECKING:
    from synthprof.schemas.schema import Column, Schema

MAX_ROWS = 1_000_000
"""Rows of a table; each has a share exact to 2**-32 of all."""

Name = Annotated[str, Field(min_length=1, max_length=200)]


class TableDraw(DrawModel):
    """A draw from a table: the rows of a file of the schema, or written out as `columns` and `rows`."""

    file: Annotated[Name | None, Field(description="The CSV or Parquet file of the table.")] = None
    columns: Annotated[tuple[Name, ...], Field(description="The table's columns, without a file.")] = ()
    rows: Annotated[
        tuple[tuple[str, ...], ...],
        Field(max_length=MAX_ROWS, description="The table's rows, without a file."),
    ] = ()

    def with_files(self, files: Files) -> Self:
        """Return the draw with the rows of its file. Raises SpecError if they do not fit."""
        if self.file is None:
            return self
        found: Sequence[Mapping[str, str]] = files.rows(self.file)
        columns = tuple(found[0]) if found else ()
        rows = tuple(tuple(str(row[name]) for name in columns) for row in found)
        try:
            return type(self).model_validate(
                {**self.model_dump(exclude={"file"}), "columns": columns, "rows": rows}
            )
        except ValidationError as error:
            raise SpecError(f"{self.file}: {error.errors()[0]['msg']}; correct it") from None

    def values_of(self, column: str) -> tuple[str, ...]:
        """Return a column of the table, by row."""
        place = self.columns.index(column)
        return tuple(row[place] for row in self.rows)

    def check_columns(self, *named: str | None) -> None:
        """Raise ValueError unless the table has the columns that are named, and rows as wide as they are."""
        if not self.rows and not self.columns:
            return
        if len(set(self.columns)) != len(self.columns) or not self.rows:
            raise ValueError(
                f"a table of columns {', '.join(self.columns)} and {len(self.rows)} rows is none"
            )
        if wrong := [row for row in self.rows if len(row) != len(self.columns)]:
            raise ValueError(f"row {', '.join(wrong[0])!r} has not {len(self.columns)} values, one a column")
        if unknown := [name for name in named if name is not None and name not in self.columns]:
            raise ValueError(f"no column {unknown[0]!r}; the table has {', '.join(self.columns)}")


class Place(TableDraw):
    """The value of a row of a table that is drawn by weight; other columns follow the same row.

    >>> Place(value="city", columns=("city", "state"), rows=(("Austin", "TX"), ("Boston", "MA"))).kind.name
    'text'
    """

    draw: Literal["place"] = "place"
    value: Annotated[Name, Field(description="The table's column that this column shows.")]
    weights: Annotated[
        Name | None, Field(description="The table's column of weights; else all are alike.")
    ] = None

    @property
    def kind(self) -> Kind:
        """A text."""
        return Kind("text")

    @property
    def known(self) -> tuple[str, ...]:
        """The values of the rows."""
        return tuple(dict.fromkeys(self.values_of(self.value))) if self.rows else ()

    @property
    def told(self) -> str:
        """The count of rows."""
        return f"one of {len(self.rows)} rows" + (f" by `{self.weights}`" if self.weights else "")

    @property
    def row_weights(self) -> tuple[float, ...]:
        """The weight of each row."""
        if self.weights is None:
            return (1.0,) * len(self.rows)
        return tuple(map(float, self.values_of(self.weights)))

    @model_validator(mode="after")
    def _fitting(self) -> Self:
        if not self.rows:
            if self.file is None:
                raise ValueError("a place needs a file, or columns and rows; name one")
            return self
        self.check_columns(self.value, self.weights)
        try:
            weights = self.row_weights
        except ValueError as error:
            raise ValueError(f"{self.weights}: {error}; write numbers") from None
        if not (any(weights) and all(math.isfinite(each) and each >= 0 for each in weights)):
            raise ValueError(f"{self.weights} must be finite numbers from 0 on, not all 0")
        return self


def place_of(name: str, of: str, schema: "Schema") -> Place:
    """Return the draw of the place that a column follows. Raises SpecError if it is none."""
    draw = schema.column(of).draw
    if not isinstance(draw, Place):
        raise SpecError(f'{name}: {of} is no place; name a column with draw = "place", or a file')
    return draw


class Follows(TableDraw):
    """A value that follows from another column: of the row of its place, or found by its value in a table.

    >>> Follows(of="city", value="state").given
    ('city',)
    """

    draw: Literal["follows"] = "follows"
    of: Annotated[Name, Field(description="The column that decides.")]
    value: Annotated[Name, Field(description="The column of the table that this column shows.")]
    key: Annotated[
        Name | None, Field(description="The column of the table that `of` is found in; else its first.")
    ] = None
    otherwise: Annotated[str | None, Field(description="The value where the table has no row.")] = None
    type: Annotated[Literal["text", "integer", "float"], Field(description="The type of the value.")] = "text"
    texts: Annotated[
        tuple[str, ...],
        Field(max_length=MAX_ROWS, description="The texts of the place's table, each once; filled in."),
    ] = ()

    def with_texts(self, place: object) -> Self:
        """Return the draw with the texts that it can have, so that searches and other draws know them."""
        if self.by_value or self.type != "text" or not isinstance(place, Place):
            return self
        if self.value not in place.columns:
            return self
        return self.model_copy(update={"texts": tuple(dict.fromkeys(place.values_of(self.value)))})

    @property
    def kind(self) -> Kind:
        """The declared type."""
        return Kind(self.type)

    @property
    def given(self) -> tuple[str, ...]:
        """The column that decides."""
        return (self.of,)

    @property
    def may_lack(self) -> bool:
        """True where the table may have no row."""
        return self.by_value and self.otherwise is None

    @property
    def by_value(self) -> bool:
        """True where the value is found in a table of its own."""
        return bool(self.file or self.rows)

    @property
    def known(self) -> tuple[str, ...]:
        """The texts of a table of its own, or of the place's, as far as they are filled in."""
        if self.type != "text" or not self.rows:
            return self.texts
        rest = () if self.otherwise is None else (self.otherwise,)
        return tuple(dict.fromkeys((*self.values_of(self.value), *rest)))

    @property
    def told(self) -> str:
        """The column that decides."""
        return f"follows from `{self.of}`"

    @model_validator(mode="after")
    def _fitting(self) -> Self:
        self.check_columns(self.value, self.key)
        if self.rows:
            numbers_of(self.type, (*self.values_of(self.value), *filter(None, [self.otherwise])))
            keys = self.keys
            if len(set(keys)) != len(keys):
                twice = next(key for key in keys if keys.count(key) > 1)
                raise ValueError(f"{twice!r} stands in two rows; leave one")
        return self

    @property
    def keys(self) -> tuple[str, ...]:
        """The values of `of` that the table knows."""
        return self.values_of(self.key or self.columns[0])

    def check(self, schema: "Schema", column: "Column") -> None:
        """Raise SpecError if no row of a place can be followed, or a category's value has no row."""
        if self.by_value:
            of = schema.column(self.of)
            values = of.values if of.kind in ("category", "flag") else ()
            lost = sorted(set(values) - set(self.keys)) if self.otherwise is None else []
            if lost:
                raise SpecError(f"{column.name}: no row for {lost[0]!r}; add it, or give otherwise")
            return
        place = place_of(column.name, self.of, schema)
        if self.value not in place.columns:
            known = ", ".join(place.columns)
            raise SpecError(f"{column.name}: no column {self.value!r}; {self.of} has {known}")
        try:
            numbers_of(self.type, place.values_of(self.value))
        except ValueError as error:
            raise SpecError(f"{column.name}: {error}") from None


def numbers_of(kind: str, texts: Sequence[str]) -> list[str] | list[int] | list[float]:
    """Return texts as values of a type. Raises ValueError that names the first that is none."""
    if kind == "text":
        return list(texts)
    read = int if kind == "integer" else float
    found = []
    for text in texts:
        try:
            number = read(text)
            if not math.isfinite(number) or (kind == "integer" and abs(number) > 2**53):
                raise ValueError
        except ValueError:
            raise ValueError(f'{text!r} is no {kind}; correct it, or use type = "text"') from None
        found.append(number)
    return found


class _Coordinate(DrawModel):
    """A coordinate of a point around the place of a row; its distance is at most 3.5 times the spread."""

    of: Annotated[Name, Field(description='The column with draw = "place" whose row has the centre.')]
    spread_km: Annotated[
        float, Field(ge=0, le=2_000, allow_inf_nan=False, description="Standard deviation in kilometres.")
    ]
    decimals: Annotated[int, Field(ge=0, le=7, description="Decimals of the degrees.")] = 5

    @property
    def kind(self) -> Kind:
        """A number of degrees."""
        return Kind("float")

    @property
    def given(self) -> tuple[str, ...]:
        """The place."""
        return (self.of,)

    @property
    def told(self) -> str:
        """The spread."""
        return f"about {self.spread_km:g} km around `{self.of}`"

    def _check_degrees(self, schema: "Schema", name: str, column: str, most: float) -> None:
        place = place_of(name, self.of, schema)
        if column not in place.columns:
            raise SpecError(f"{name}: no column {column!r}; {self.of} has {', '.join(place.columns)}")
        try:
            found = numbers_of("float", place.values_of(column))
        except ValueError as error:
            raise SpecError(f"{name}: {error}") from None
        if wrong := [each for each in found if abs(float(each)) > most]:
            raise SpecError(f"{name}: {wrong[0]} is beyond ±{most:g} degrees; correct {column}")


class Latitude(_Coordinate):
    """The latitude of a point around a place, in degrees from -90 to 90.

    >>> Latitude(of="city", latitude="lat", spread_km=5).kind.name
    'float'
    """

    draw: Literal["latitude"] = "latitude"
    latitude: Annotated[Name, Field(description="The column of the place's table with its latitude.")]

    def check(self, schema: "Schema", column: "Column") -> None:
        """Raise SpecError unless the place has a latitude."""
        self._check_degrees(schema, column.name, self.latitude, 90)


class Longitude(_Coordinate):
    """The longitude of a point around a place, in degrees from -180 to 180.

    >>> Longitude(of="city", latitude="lat", longitude="lon", spread_km=5).decimals
    5
    """

    draw: Literal["longitude"] = "longitude"
    latitude: Annotated[Name, Field(description="The column of the place's table with its latitude.")]
    longitude: Annotated[Name, Field(description="The column of the place's table with its longitude.")]

    def check(self, schema: "Schema", column: "Column") -> None:
        """Raise SpecError unless the place has a latitude and a longitude."""
        self._check_degrees(schema, column.name, self.latitude, 90)
        self._check_degrees(schema, column.name, self.longitude, 180)


KINDS = (Place, Follows, Latitude, Longitude)
