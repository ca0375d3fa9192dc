"""Reading of a schema from its folder: columns.toml, archetypes.toml and the catalogue files they name."""

import datetime
import functools
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from synthprof.base.errors import SpecError
from synthprof.schemas.correlations import Correlation
from synthprof.schemas.draw_kinds import BY_NAME
from synthprof.schemas.draw_kinds.model import DrawModel
from synthprof.schemas.draw_kinds.parameters import edges_of
from synthprof.schemas.draws import (
    Bound,
    Chance,
    Choice,
    Draw,
    Forms,
    FullName,
    Lookup,
    Number,
    Prose,
    Shift,
    Slot,
    Subset,
    Variant,
    YearsSince,
)
from synthprof.schemas.features import Counted, Feature, Indexed, Measured, Scaled, TanhRatio
from synthprof.schemas.files import Rows, Table, check_keys, check_table, read_csv, read_toml
from synthprof.schemas.nulls import MISSING, Nulls
from synthprof.schemas.schema import FLAG_VALUES, Archetype, Column, Schema

ANY_OTHER = "*"
"""The key of the factor for all values that are not named."""

NEEDED: dict[str, tuple[str, ...]] = {
    "choice": (),
    "chance": ("share",),
    "number": ("file", "bands", "top"),
    "years": ("of", "start", "most", "rise", "fall", "top"),
    "subset": ("sizes",),
    "name": ("sex", "masculine", "age", "year", "firsts", "lasts", "two_lasts", "locale"),
    "prose": ("file", "top"),
    "city": ("file", "states"),
    "state": ("of", "file", "states"),
}
"""The keys that a column must have by its draw, besides those of every column."""

ALLOWED: dict[str, tuple[str, ...]] = {
    "choice": ("odds", "file", "given"),
    "chance": ("given",),
    "number": ("bottom", "given"),
    "subset": ("odds", "file", "first", "through", "by", "given"),
    "prose": ("sex", "masculine", "of", "first_name", "forms"),
}
"""The keys that a column may have by its draw."""


def read_schema(folder: Path) -> Schema:
    """Return the schema that a folder declares. Raises SpecError that names value, rule and remedy."""
    declared = read_toml(folder / "columns.toml")
    check_table(declared, "columns.toml", ("column",), ("order", "derived", "correlation"))
    columns: dict[str, Column] = {}
    reader = _Reader(folder, columns)
    for table in declared["column"]:
        column = reader.column(table)
        if column.name in columns:
            raise SpecError(f"{column.name}: declared twice; names must differ")
        columns[column.name] = column
    order = dict.fromkeys([*declared.get("order", ()), *columns])
    check_keys(order, columns, "order")
    for table in declared.get("derived", ()):
        check_table(table, "[[derived]]", ("numerator", "denominator"), ())
    return Schema(
        name=folder.name,
        columns=tuple(columns[name] for name in order),
        archetypes=tuple(map(reader.archetype, read_toml(folder / "archetypes.toml")["archetype"])),
        derived=tuple(TanhRatio(**table) for table in declared.get("derived", ())),
        correlations=tuple(map(_correlation, declared.get("correlation", ()))),
    )


class _Reader:
    """A reader of columns, each by those declared before it, and of archetypes; reads each file once."""

    def __init__(self, folder: Path, columns: Mapping[str, Column]) -> None:
        self.folder = folder
        self.columns = columns
        self.rows: Callable[[str], Rows] = functools.cache(lambda file: read_csv(folder / file))

    def column(self, table: Table) -> Column:
        if table.get("draw") in BY_NAME:
            return self._modelled(table)
        _check_column(table)
        try:
            draw = self.draws[table["draw"]](self, table)
            feature = _feature(table, draw)
        except SpecError:
            raise
        except (TypeError, ValueError) as error:
            raise SpecError(
                f"{table['name']}: a value has the wrong type ({error}); compare it with another column's"
            ) from error
        doc = " ".join(table["doc"].split())
        return Column(table["name"], draw, feature, doc, table.get("indexed", False), _nulls(table))

    def _modelled(self, table: Table) -> Column:
        """Return a column whose draw is a model of its own."""
        own = {key: value for key, value in table.items() if key not in ("name", "doc", "indexed", "nulls")}
        try:
            draw: DrawModel = BY_NAME[table["draw"]].model_validate(own)
        except ValidationError as error:
            raise SpecError(f"{table.get('name')}: {error.errors()[0]['msg']}; correct it") from None
        indexed = table.get("indexed", False)
        doc = " ".join(table["doc"].split())
        return Column(table["name"], draw.with_files(self), None, doc, indexed, _nulls(table))

    def archetype(self, table: Table) -> Archetype:
        odds = []
        check_table(table, f"archetype {table.get('name')}", ("name", "title", "share"), ("odds",))
        for name, factors in table.get("odds", {}).items():
            if name not in self.columns:
                raise SpecError(f"archetype {table['name']}: unknown column {name!r}")
            where = f"archetype {table['name']}, {name}"
            odds.append((name, self.factors(self.columns[name], factors, where)))
        return Archetype(table["name"], " ".join(table["title"].split()), float(table["share"]), tuple(odds))

    def factors(self, column: Column, factors: Table, where: str) -> tuple[float, ...]:
        """Return an archetype's factor on each value of a column."""
        return factors_of(self._spread(factors, column), column.values or _numbers(column), where)

    def choice(self, table: Table) -> Draw:
        values, weights = self._weighted(table)
        return Choice(values, weights, self._shifts(table, values))

    def chance(self, table: Table) -> Draw:
        return Chance(float(table["share"]), self._shifts(table, FLAG_VALUES))

    def number(self, table: Table) -> Draw:
        rows = self.rows(table["file"])
        first, *factors = rows[0]
        lows = [int(row[first]) for row in rows]
        if lows != list(range(lows[0], lows[0] + len(lows))):
            raise SpecError(f"{table['file']}: {first} must go up by one from row to row")
        weights = tuple(_product(float(row[name]) for name in factors) for row in rows)
        values = tuple(str(value) for value in lows)
        return Number(lows[0], weights, tuple(table["bands"]), self._shifts(table, values))

    def years(self, table: Table) -> Draw:
        return YearsSince(table["of"], table["start"], table["most"], table["rise"], table["fall"])

    def city(self, table: Table) -> Draw:
        """Return cities with weights by population, scaled so that each state has its own population."""
        cities = _largest_of_each_name(self.rows(table["file"]))
        states = {row["uf"]: float(row["populacao"]) for row in self.rows(table["states"])}
        known = {uf: sum(int(c["populacao"]) for c in cities if c["uf"] == uf) for uf in states}
        weights = tuple(states[c["uf"]] * int(c["populacao"]) / known[c["uf"]] for c in cities)
        return Choice(tuple(c["cidade"] for c in cities), weights)

    def state(self, table: Table) -> Draw:
        cities = {c["cidade"]: c["uf"] for c in _largest_of_each_name(self.rows(table["file"]))}
        states = tuple(row["uf"] for row in self.rows(table["states"]))
        of = self._declared(table["of"])
        return Lookup(of.name, states, tuple(states.index(cities[city]) for city in of.values))

    def subset(self, table: Table) -> Draw:
        values, weights = self._weighted(table)
        through = table.get("through")
        return Subset(
            values,
            weights,
            tuple(float(size) for size in table["sizes"]),
            self._shifts(table, values),
            table.get("first"),
            through,
            self._reachable(table, through) if through else (),
        )

    def name(self, table: Table) -> Draw:
        rows = self.rows(table["firsts"])
        decades = tuple(int(key) for key in rows[0] if key.isdigit())
        sexes = self._declared(table["sex"]).values
        of_sex = [[row for row in rows if row["sexo"] == sex] for sex in sexes]
        lasts = self.rows(table["lasts"])
        return FullName(
            sex=table["sex"],
            masculine=table["masculine"],
            age=table["age"],
            year=table["year"],
            decades=decades,
            firsts=tuple(tuple(row["nome"] for row in group) for group in of_sex),
            weights=tuple(tuple(tuple(float(row[str(d)]) for d in decades) for row in g) for g in of_sex),
            lasts=tuple(row["sobrenome"] for row in lasts),
            last_weights=tuple(float(row["peso"]) for row in lasts),
            two_lasts=table["two_lasts"],
            locale=table["locale"],
        )

    def prose(self, table: Table) -> Draw:
        slots = tuple(self._slot(slot) for slot in read_toml(self.folder / table["file"])["slot"])
        forms = table.get("forms")
        if forms is not None:
            check_table(forms, f"{table['name']}: forms", ("of", "values"), ())
        return Prose(
            slots,
            table.get("sex", ""),
            table.get("masculine", ""),
            table.get("of", ""),
            table.get("first_name", ""),
            Forms(forms["of"], tuple(forms["values"])) if forms else None,
        )

    draws: Mapping[str, Callable[["_Reader", Table], Draw]] = {
        "choice": choice,
        "chance": chance,
        "number": number,
        "years": years,
        "city": city,
        "state": state,
        "subset": subset,
        "name": name,
        "prose": prose,
    }

    def _declared(self, name: str) -> Column:
        if name not in self.columns:
            raise SpecError(f"given {name!r}, which is not declared before; move its [[column]] up")
        return self.columns[name]

    def _weighted(self, table: Table) -> tuple[tuple[str, ...], tuple[float, ...]]:
        """Return values and weights, from the column itself or from a file with a column `peso`."""
        if "odds" in table:
            return tuple(table["odds"]), tuple(float(weight) for weight in table["odds"].values())
        rows = self.rows(table["file"])
        first = next(iter(rows[0]))
        return tuple(row[first] for row in rows), tuple(float(row["peso"]) for row in rows)

    def _reachable(self, table: Table, through: str) -> tuple[tuple[int, ...], ...]:
        rows = self.rows(table["file"])
        return tuple(
            tuple(i for i, row in enumerate(rows) if item in row[table["by"]].split(";"))
            for item in self._declared(through).values
        )

    def _shifts(self, table: Table, values: tuple[str, ...]) -> tuple[Shift, ...]:
        return tuple(self._shift(name, odds, values) for name, odds in table.get("given", {}).items())

    def _shift(self, name: str, odds: Table, values: tuple[str, ...]) -> Shift:
        given = self._declared(name)
        if given.values:
            rows = [
                factors_of(odds.get(value, {}), values, f"given {name}={value}") for value in given.values
            ]
            check_keys(odds, given.values, f"given {name}")
            return Shift(name, (), tuple(rows))
        if given.kind == "bool":
            check_keys(odds, ("false", "true"), f"given {name}")
            odds = {"0": odds.get("false", {}), "1": odds.get("true", {})}
        lows = edges_of(odds, f"bands of {name}")
        return Shift(name, lows, tuple(factors_of(odds[key], values, f"given {name}={key}") for key in odds))

    def _spread(self, factors: Table, column: Column) -> Table:
        """Return factors per value, from factors for values, ranges of numbers and groups of values.

        `"16-24" = 2` applies to the numbers 16 to 24. `"games.csv/genero" = { RPG = 9 }` applies to the
        values whose row in that file has RPG in the column `genero`. A factor for the value itself multiplies
        these.
        """
        found: Table = {}
        for key, factor in factors.items():
            if isinstance(factor, dict):
                file, by = key.split("/")
                rows = self.rows(file)
                first = next(iter(rows[0]))
                check_keys(factor, {row[by] for row in rows}, key)
                found |= {row[first]: float(factor[row[by]]) for row in rows if row[by] in factor}
        for key, factor in factors.items():
            if isinstance(column.draw, Number) and "-" in key:
                low, high = (int(part) for part in key.split("-"))
                found |= {str(number): factor for number in range(low, high + 1)}
            elif not isinstance(factor, dict):
                found[key] = factor * found.get(key, 1)
        return found

    def _slot(self, table: Table) -> Slot:
        variants = [
            Variant(self._ranges(v.get("when", {})), tuple(v["templates"])) for v in table.get("variant", ())
        ]
        for name, by_value in table.get("by_value", {}).items():
            values = self._declared(name).values
            check_keys(by_value, values, f"slot {table['name']} by {name}")
            variants += [
                Variant(((name, values.index(value), values.index(value)),), tuple(templates))
                for value, templates in by_value.items()
            ]
        if "templates" in table:
            variants.append(Variant((), tuple(table["templates"])))
        return Slot(table["name"], tuple(variants), float(table.get("share", 1)))

    def _ranges(self, when: Mapping[str, Any]) -> tuple[tuple[str, Bound, Bound], ...]:
        """Return what a variant asks for: a range, one value, or `null` for rows without one."""
        found: list[tuple[str, Bound, Bound]] = []
        for name, asked in when.items():
            low, high = asked if isinstance(asked, list) else (asked, asked)
            if low == high == MISSING:
                found.append((name, None, None))
            else:
                found.append((name, self._code(name, low), self._code(name, high)))
        return tuple(found)

    def _code(self, name: str, value: Any) -> Bound:  # noqa: ANN401
        column = self._declared(name)
        if column.value_kind is not None:
            return str(value) if isinstance(value, datetime.date) else value
        return column.values.index(value) if isinstance(value, str) else int(value)


def _correlation(table: Table) -> Correlation:
    try:
        return Correlation.model_validate(table)
    except ValidationError as error:
        raise SpecError(f"[[correlation]]: {error.errors()[0]['msg']}; correct it") from None


def factors_of(odds: Mapping[str, Any], values: Sequence[str], where: str) -> tuple[float, ...]:
    """Return one factor per value: its own, else that of `*`, else 1. Raises SpecError for unknown keys."""
    check_keys(odds, (*values, ANY_OTHER), where)
    other = float(odds.get(ANY_OTHER, 1))
    return tuple(float(odds.get(value, other)) for value in values)


def _numbers(column: Column) -> tuple[str, ...]:
    if column.bounds is None or not isinstance(column.draw, Number):
        raise SpecError(f"an archetype cannot shift {column.name}; shift a choice, chance, number or subset")
    return tuple(str(number) for number in range(column.bounds[0], column.bounds[1] + 1))


def _largest_of_each_name(cities: Rows) -> Rows:
    """Return the cities without smaller ones of the same name, so that the name determines the state."""
    largest: dict[str, dict[str, str]] = {}
    for city in cities:
        if int(city["populacao"]) > int(largest.get(city["cidade"], {"populacao": "0"})["populacao"]):
            largest[city["cidade"]] = city
    return [city for city in cities if largest[city["cidade"]] is city]


def _feature(table: Table, draw: Draw) -> Feature | None:
    """Return the feature of a draw, or None; the keys `bottom` and `top` set its scale."""
    match draw:
        case Choice() | Lookup():
            return Indexed()
        case Chance():
            return Scaled(0, 1)
        case Number(low=low):
            return Scaled(table.get("bottom", low), table["top"])
        case YearsSince():
            return Scaled(0, table["top"])
        case Subset(sizes=sizes):
            return Counted(len(sizes))
        case Prose():
            return Measured(table["top"])
    return None


def _nulls(table: Table) -> Nulls | None:
    if "nulls" not in table:
        return None
    try:
        return Nulls.model_validate(table["nulls"])
    except ValidationError as error:
        where = ".".join(map(str, ("nulls", *error.errors()[0]["loc"])))
        raise SpecError(f"{table['name']}: {where}: {error.errors()[0]['msg']}; correct it") from None


def _check_column(table: Table) -> None:
    """Raise SpecError unless the table has the keys of its draw and no others."""
    where = table.get("name", "[[column]]")
    kind = table.get("draw")
    if kind not in NEEDED:
        raise SpecError(f"{where}: unknown draw {kind!r}; draws are {', '.join(NEEDED)}")
    needed = ("name", "doc", "draw", *NEEDED[kind])
    allowed = ALLOWED.get(kind, ())
    if "through" in table:
        needed += ("file", "by")
    elif "odds" in allowed and "odds" not in table:
        needed += ("file",)
    check_table(table, where, needed, ("indexed", "nulls", *allowed))


def _product(factors: Any) -> float:  # noqa: ANN401
    result = 1.0
    for factor in factors:
        result *= factor
    return result
