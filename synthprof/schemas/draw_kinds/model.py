"""The base of all draws that are models of their own."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, Self

from pydantic import BaseModel, ConfigDict

from synthprof.base.column_kinds import Kind

if TYPE_CHECKING:
    from synthprof.schemas.schema import Column, Schema


class Files(Protocol):
    """The files of a schema, read into values."""

    def rows(self, file: str) -> Sequence[Mapping[str, str]]:
        """Return the rows of a CSV or Parquet file. Raises SpecError if it cannot be read."""


class DrawModel(BaseModel):
    """The declaration of how a column is drawn: plain values, without code.

    Subclasses set `draw`, the name in a schema's file, as a literal with that default.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", validate_by_name=True, serialize_by_alias=True, defer_build=True
    )

    by_quantile: ClassVar[bool] = False
    """True where its value rises with one uniform number, so that it can be correlated with others."""

    names_rows: ClassVar[bool] = False
    """True where its values are keys, which name rows and measure nothing."""

    long_tailed: ClassVar[bool] = False
    """True where small numbers are many and large ones few, so that they stand on a log scale."""

    draw: str

    @property
    def kind(self) -> Kind:
        """The kind of value that is drawn, which decides how it is stored."""
        raise NotImplementedError

    @property
    def given(self) -> tuple[str, ...]:
        """The columns that must be drawn before."""
        return ()

    @property
    def most_rows(self) -> int | None:
        """The rows that can be drawn before a value would have to repeat that must not; None is no end."""
        return None

    @property
    def shown(self) -> tuple[str, ...]:
        """Those of `given` that are read as the table shows them: where they lack values, so they do here."""
        return ()

    @property
    def may_lack(self) -> bool:
        """True where rows may have no value even without `nulls`."""
        return False

    @property
    def ends(self) -> tuple[Any, Any]:
        """The lowest and the highest value, in the type of the kind, or the fewest and most items of a list.

        None where there is no such end, or the declaration alone does not tell it.
        """
        return None, None

    @property
    def quantiles(self) -> tuple[Any, ...]:
        """Values that part what is drawn, ascending, in the type of the kind; empty if they are not known."""
        return ()

    @property
    def known(self) -> tuple[str, ...]:
        """The texts that it gives, or the items of its lists, where all are known beforehand; else empty."""
        return ()

    @property
    def told(self) -> str:
        """The draw in a few words, for people."""
        raise NotImplementedError

    def with_files(self, _files: Files) -> Self:
        """Return the declaration with the values of the files it names in place of their names."""
        return self

    def check(self, schema: "Schema", column: "Column") -> None:
        """Raise SpecError where the declaration does not fit the other columns or the archetypes."""
