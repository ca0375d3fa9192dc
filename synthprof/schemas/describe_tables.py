"""The description of a schema's child tables in Markdown, as in docs/schema.md."""

from synthprof.schemas.draw_kinds.model import DrawModel
from synthprof.schemas.schema import ChildTable, Column, FanOut, Schema
from synthprof.schemas.tables import key_columns


def describe_tables(schema: Schema) -> list[str]:
    """Return the lines of a section on the child tables; none for a schema without any."""
    if not schema.tables:
        return []
    lines = [
        "## Child tables",
        "",
        "Rows that belong to a profile. `parent.NAME` is a column of the profile.",
    ]
    return [*lines, *(line for table in schema.tables for line in _table(table)), ""]


def _table(table: ChildTable) -> list[str]:
    made = [f"It is made where `with_tables` asks for `{table.name}`."] if table.optional else []
    order = [f"Rows of a profile stand in the order of `{table.order}`."] if table.order else []
    keys = [f"| `{name}` | INTEGER, key | {doc} |" for name, doc in key_columns(table)]
    return [
        *("", f"### {table.name}", "", table.doc, *made, *order),
        f"Rows for each profile: {_fan_out(table.fan_out)}.",
        *("", "| column | SQLite | drawn from, and meaning |", "|---|---|---|", *keys),
        *(_column(column) for column in table.columns),
    ]


def _fan_out(fan_out: FanOut) -> str:
    draw = fan_out.draw
    drawn = draw.told if isinstance(draw, DrawModel) else f"{draw.low} to {draw.low + len(draw.weights) - 1}"
    given = [f"`{shift.column}`" for shift in fan_out.given] + (["archetype"] if fan_out.archetypes else [])
    return drawn + (f", times factors by {' and '.join(given)}" if given else "")


def _column(column: Column) -> str:
    told = f"{column.draw.told}. " if isinstance(column.draw, DrawModel) else ""
    indexed = ", indexed" if column.indexed else ""
    return f"| `{column.name}` | {column.sql_type}{indexed} | {told}{column.doc} |".replace("|  ", "| ")
