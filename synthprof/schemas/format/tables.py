"""Child tables: rows of their own for each row, as the orders of a customer."""

from typing import Annotated

from pydantic import Field

from synthprof.schemas.format.columns import Columns, Draw
from synthprof.schemas.format.part import MAX_COLUMNS, ColumnName, Part, Text


class ChildTable(Part):
    """A table with several rows for each row of the schema. Its key is the parent's id and a number."""

    name: Annotated[ColumnName, Field(description="The table's name, and that of its database.")]
    doc: Annotated[Text, Field(description="What a row of it means.")]
    fan_out: Annotated[Draw, Field(description="How many rows a parent has: a draw of whole numbers.")]
    order: Annotated[
        tuple[ColumnName, ...],
        Field(max_length=MAX_COLUMNS, description="Order of its columns in the table."),
    ] = ()
    column: Annotated[Columns, Field(description="Its columns; `parent.age` names one of the parent.")]
