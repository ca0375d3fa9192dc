"""Rows for which the values of a schema's unique columns are enough."""

from collections.abc import Iterator

from synthprof.base.errors import SpecError
from synthprof.schemas.draw_kinds.model import DrawModel
from synthprof.schemas.schema import Column, Schema


def check_rows(schema: Schema, rows: int, block_rows: int) -> None:
    """Raise SpecError if a column whose values must differ has fewer of them than there are rows.

    rows: the profiles. block_rows: rows of a block; child tables count as many places for each profile of a
    whole block as a profile can have children.

    >>> from synthprof.schemas.draw_kinds.documents import Cnpj
    >>> check_rows(Schema("shops", (Column("cnpj", Cnpj(), None, "Its number."),), ()), 100_000_000, 16_384)
    """
    for name, column, wanted in _columns(schema, rows, block_rows):
        if not isinstance(draw := column.draw, DrawModel) or draw.most_rows is None:
            continue
        if wanted > (most := draw.most_rows):
            children = "" if wanted == rows else f" with room for {wanted:,} children"
            raise SpecError(
                f"profiles={rows:,}{children}: {name} has only {most:,} values that differ "
                f"({draw.told:.80}); make fewer profiles, or widen the column"
            )


def _columns(schema: Schema, rows: int, block_rows: int) -> Iterator[tuple[str, Column, int]]:
    """Yield the name of each column in words, the column, and the places that it must fill."""
    for column in schema.columns:
        yield column.name, column, rows
    for table in schema.tables:
        places = -(-rows // block_rows) * block_rows * table.fan_out.most
        for column in table.columns:
            yield f"{table.name}.{column.name}", column, places
