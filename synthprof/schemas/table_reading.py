"""Reading of child tables from the folder `tables` of a schema: a file for each, with `[[table.column]]`."""

from pathlib import Path
from typing import Any

from synthprof.base.errors import SpecError
from synthprof.schemas.draw_kinds.model import DrawModel
from synthprof.schemas.draws import Number, Shift
from synthprof.schemas.files import Table, check_keys, check_table, read_toml
from synthprof.schemas.reading import _Reader as Reader
from synthprof.schemas.schema import ChildTable, Column, FanOut, Schema
from synthprof.schemas.tables import MOST_CHILDREN, inherited

_NEEDED = ("name", "doc", "key", "fan_out", "column")
_ALLOWED = ("order", "odds", "optional")


def read_tables(folder: Path, schema: Schema) -> tuple[ChildTable, ...]:
    """Return the child tables that a folder declares, in the order of its files' names.

    Raises SpecError that names value, rule and remedy.
    """
    files = sorted((folder / "tables").glob("*.toml"))
    return tuple(_table(folder, schema, table) for file in files for table in read_toml(file)["table"])


def _table(folder: Path, schema: Schema, table: Table) -> ChildTable:
    where = f"table {table.get('name')}"
    check_table(table, where, _NEEDED, _ALLOWED)
    columns = {column.name: column for column in inherited(schema)}
    reader = Reader(folder, columns)
    own = []
    for declared in table["column"]:
        own.append(reader.column(declared))
        columns[own[-1].name] = own[-1]
    known = {column.name: column for column in own}
    odds = []
    for archetype, changed in table.get("odds", {}).items():
        check_keys(changed, known, f"{where}, archetype {archetype}")
        odds.append(
            (archetype, tuple((of, reader.factors(columns[of], f, where)) for of, f in changed.items()))
        )
    return ChildTable(
        name=table["name"],
        doc=" ".join(table["doc"].split()),
        key=table["key"],
        fan_out=_fan_out(reader, columns, where, table["fan_out"]),
        columns=tuple(own),
        order=table.get("order", ""),
        odds=tuple(odds),
        optional=table.get("optional", False),
    )


def _fan_out(reader: Reader, columns: dict[str, Column], where: str, table: Table) -> FanOut:
    """Return the number of children: a draw, and beside its keys `most`, `factors` and `archetypes`."""
    extra = ("most", "factors", "archetypes")
    draw = {key: value for key, value in table.items() if key not in extra}
    column = reader.column({**draw, "name": "fan_out", "doc": where})
    if not isinstance(column.draw, Number | DrawModel):
        raise SpecError(f"{where}: draw={draw.get('draw')!r} draws no numbers of children; draw integers")
    shifts = tuple(_shift(columns, where, of, odds) for of, odds in table.get("factors", {}).items())
    archetypes = tuple((name, float(factor)) for name, factor in table.get("archetypes", {}).items())
    return FanOut(column.draw, table.get("most", MOST_CHILDREN), shifts, archetypes)


def _shift(columns: dict[str, Column], where: str, of: str, odds: dict[str, Any]) -> Shift:
    check_keys([of], columns, f"{where}, factors")
    column = columns[of]
    if not column.values:
        return Shift(of, tuple(map(int, odds)), tuple((float(factor),) for factor in odds.values()))
    check_keys(odds, column.values, f"{where}, factors of {of}")
    return Shift(of, (), tuple((float(odds.get(value, 1)),) for value in column.values))
