"""Declarations in a schema's file of child tables, made into tables that are drawn with their parents."""

import dataclasses
from collections.abc import Iterable, Mapping, Sequence

from synthprof.schemas.coded_parts import shifts
from synthprof.schemas.compiling import Compiler, Unusable, archetype_of
from synthprof.schemas.compiling_rules import Counted
from synthprof.schemas.draw_kinds.model import DrawModel
from synthprof.schemas.draws import Number
from synthprof.schemas.files import Folder
from synthprof.schemas.format import columns as written
from synthprof.schemas.format import file as parts
from synthprof.schemas.format.tables import ChildTable as Declared
from synthprof.schemas.mistakes import Mistakes, Wrong, meant, quoted
from synthprof.schemas.schema import ChildTable, Column, FanOut
from synthprof.schemas.tables import PARENT

_FACTOR = "factor"
"""The one value whose odds are the factor on the number of children."""


def tables_of(
    tables: Sequence[Declared],
    columns: Mapping[str, Column],
    declared: Mapping[str, written.Column],
    archetypes: Sequence[str],
    folder: Folder,
    mistakes: Mistakes,
) -> tuple[ChildTable, ...]:
    """Return the child tables without mistakes; those of the others are noted.

    columns: of the parent. declared: the same as the file has them. archetypes: the names of all of them.
    """
    found = []
    for position, table in enumerate(tables):
        start = ("table", position)
        maker = Compiler(table.column, folder, mistakes, (*start, "column"), columns)
        made = maker.columns()
        try:
            if table.order is not None and table.order not in (named := [each.name for each in table.column]):
                raise Wrong(f"unknown column {table.order!r}; {meant(table.order, named)}", "order")
            odds = _odds(table, made, archetypes, folder)
            fan_out = _fan_out(table, archetypes, maker)
        except Unusable:
            continue
        except Wrong as error:
            mistakes.add((*start, *error.path), str(error))
            continue
        if len(made) == len(table.column):
            doc, order = " ".join(table.doc.split()), table.order or ""
            own = tuple(made.values())
            files = {f"{PARENT}{name}": column for name, column in declared.items()}
            files |= {column.name: column for column in table.column}
            counted = Counted(made | _of_parent(columns), files, folder, mistakes, start)
            rules = counted.rules(table.rule)
            found.append(
                ChildTable(
                    table.name,
                    doc,
                    table.key,
                    fan_out,
                    own,
                    order,
                    odds,
                    table.optional,
                    rules,
                    counted.attributes,
                )
            )
    return tuple(found)


def _of_parent(columns: Mapping[str, Column]) -> dict[str, Column]:
    """Return the columns of the parent as rules of a child table see them."""
    named = ((f"{PARENT}{name}", column) for name, column in columns.items())
    return {name: dataclasses.replace(column, name=name, inherited=True) for name, column in named}


def _fan_out(table: Declared, archetypes: Sequence[str], maker: Compiler) -> FanOut:
    fan_out = table.fan_out
    try:
        draw = maker.draw(fan_out.draw)
        if not isinstance(draw, Number | DrawModel):
            raise Wrong(f"draw={fan_out.draw.draw!r} draws no whole numbers; draw them from numbers", "draw")
        given = {
            column: {value: {_FACTOR: factor} for value, factor in factors.items()}
            for column, factors in fan_out.factors.items()
        }
        _check_archetypes(fan_out.archetypes, archetypes, "archetypes")
        found = shifts(given, (_FACTOR,), maker, "factors")
    except Unusable:
        raise
    except Wrong as error:
        raise Wrong(str(error), "fan_out", *error.path) from None
    except ValueError as error:
        raise Wrong(str(error), "fan_out") from None
    return FanOut(draw, fan_out.most, found, tuple(fan_out.archetypes.items()))


def _odds(
    table: Declared, columns: Mapping[str, Column], archetypes: Sequence[str], folder: Folder
) -> tuple[tuple[str, tuple[tuple[str, tuple[float, ...]], ...]], ...]:
    """Return the factors that each archetype of the parent has on the odds of the table's columns."""
    found = []
    names = [column.name for column in table.column]
    _check_archetypes(table.odds, archetypes, "odds")
    for name, odds in table.odds.items():
        whole = parts.Archetype(name="of_the_parent", title=name, share=1, odds=odds)
        try:
            found.append((name, archetype_of(whole, columns, names, folder).odds))
        except Wrong as error:
            raise Wrong(str(error), "odds", name, *error.path[1:]) from None
    return tuple(found)


def _check_archetypes(named: Iterable[str], known: Sequence[str], key: str) -> None:
    for name in named:
        if name not in known:
            raise Wrong(f"unknown archetype {quoted(name)!r}; {meant(name, known)}", key, name)
