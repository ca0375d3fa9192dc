"""The facts that cards are made from, of tables, columns and files. Rendering touches nothing else."""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pyarrow as pa

from synthprof.base.files import FileRecord
from synthprof.schemas.draw_kinds.model import DrawModel
from synthprof.schemas.schema import Column

README, CROISSANT, DATA_PACKAGE = "README.md", "croissant.json", "datapackage.json"
"""Names of cards."""

PROFILES = "profiles"
"""The table of the rows themselves, beside the child tables."""


@dataclass(frozen=True)
class Licence:
    """The terms of use: identifiers of Hugging Face and SPDX, a URL, and a statement. Empty where unknown."""

    hub: str
    spdx: str
    url: str
    statement: str


CC0 = Licence(
    "cc0-1.0",
    "CC0-1.0",
    "https://creativecommons.org/publicdomain/zero/1.0/",
    "The rows are made up: they were drawn at random and describe nobody. They are dedicated to the public "
    "domain under CC0 1.0, so anyone may use them for any purpose.",
)
OWN_SCHEMA = Licence(
    "unknown",
    "",
    "",
    "The rows are made up: they were drawn at random from a schema of the user's own. Whoever wrote that "
    "schema decides on the terms of use.",
)
COLLECTION = Licence(
    "unknown",
    "",
    "",
    "The texts come from a source and are not made up. The terms of that source hold for them.",
)


@dataclass(frozen=True)
class CardColumn:
    """A column as it stands in the files.

    type: its Arrow type; a vector is a list of fixed size. values: all that a category, or an item of a list,
    may be; empty if they are not known. low, high: the ends of a number, or of the count of a list's items.
    """

    name: str
    type: pa.DataType
    doc: str
    nullable: bool = True
    values: tuple[str, ...] = ()
    low: int | float | None = None
    high: int | float | None = None

    @property
    def is_vector(self) -> bool:
        """True for lists of a fixed size."""
        return bool(pa.types.is_fixed_size_list(self.type))

    @property
    def is_list(self) -> bool:
        """True for lists of any size."""
        return bool(pa.types.is_list(self.type) or pa.types.is_large_list(self.type))

    @property
    def item_type(self) -> pa.DataType:
        """The type of a value, or of an item of a list or vector."""
        return self.type.value_type if self.is_vector or self.is_list else self.type


@dataclass(frozen=True)
class CardTable:
    """A table: its columns, and the data files that have its rows, if any describe them.

    rows: their number; None where it is not known. parent: the column with the id of the profile.
    """

    name: str
    doc: str
    columns: tuple[CardColumn, ...]
    rows: int | None
    files: tuple[FileRecord, ...] = ()
    key: tuple[str, ...] = ("id",)


@dataclass(frozen=True)
class Medium:
    """The format of data files.

    name: as Frictionless calls it. media_type: as registered. croissant: the encodingFormat by which
    mlcroissant reads records, empty if it cannot. hub: whether `datasets.load_dataset` opens them. typed:
    whether they keep the types of their columns.
    """

    name: str = ""
    media_type: str = "application/octet-stream"
    croissant: str = ""
    hub: bool = False
    tabular: bool = False
    typed: bool = True
    nan: bool = False


@dataclass(frozen=True)
class Card:
    """All that cards say. Nothing in it tells of the moment or the machine, so that bytes can be repeated.

    what: the folder in a few words, such as the format. manifest: the file with the checksums of all. spec:
    the parameters that decide the data. files: all data files. release: of this program, which rendered the
    card.
    """

    dataset: str
    version: str
    content: str
    what: str
    manifest: str
    row_word: str
    schema: str
    language: str
    licence: Licence
    rows: int
    spec: Mapping[str, Any]
    scores: Mapping[str, Any]
    release: str
    tables: tuple[CardTable, ...]
    files: tuple[FileRecord, ...] = ()
    medium: Medium = field(default_factory=Medium)

    @property
    def title(self) -> str:
        """The data set in one line."""
        made_up = "" if self.licence is COLLECTION else "made-up "
        return f"{self.dataset}: {self.rows:,} {made_up}{self.row_word}s"

    @property
    def description(self) -> str:
        """The data set in a sentence or two."""
        return (
            f"{self.title}, with columns, embeddings and clusters, {self.what}. "
            f"Version {self.version}, whose content has the digest {self.content}."
        )

    @property
    def keywords(self) -> tuple[str, ...]:
        """Words by which it is found."""
        origin = () if self.licence is COLLECTION else ("synthetic",)
        return (*origin, "embeddings", "clusters", "vector-search", self.schema)

    @property
    def main(self) -> CardTable:
        """The table of the rows themselves."""
        return self.tables[0]


def card_column(field: pa.Field, column: Column | None) -> CardColumn:
    """Return a column of a file. column: its declaration in the schema, None for ids, clusters and vectors.

    >>> card_column(pa.field("cluster_id", pa.int32()), None).low
    -1
    """
    doc = (field.metadata or {}).get(b"description", b"").decode() or (column.doc if column else "")
    if column is None:
        return CardColumn(field.name, field.type, doc, field.name == "embedding", low=_LOWEST.get(field.name))
    low, high = _ends(column)
    values = () if pa.types.is_boolean(field.type) else column.values
    return CardColumn(field.name, field.type, doc, column.may_lack, values, low, high)


_LOWEST = {"id": 1, "cluster_id": -1, "archetype": 0}


def _ends(column: Column) -> tuple[int | float | None, int | float | None]:
    """Return the ends of numbers and of the counts of items, as JSON has them; else None."""
    nothing: tuple[object, object] = (None, None)
    low, high = column.draw.ends if isinstance(column.draw, DrawModel) else column.bounds or nothing
    return _number(low), _number(high)


def _number(value: object) -> int | float | None:
    if isinstance(value, bool | datetime.date | Decimal) or not isinstance(value, int | float):
        return None
    return value
