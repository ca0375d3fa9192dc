"""Child tables as they are drawn: fan-outs, keys, order, dependence on the parent, independence of blocks."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from families import CUSTOMERS, FEW, ORDERS, with_fan_out

from synthprof.base.errors import SpecError
from synthprof.profiles.children import Family, generate_family
from synthprof.schemas.draw_kinds.moments import Date
from synthprof.schemas.draw_kinds.numbers import LogNormal, Normal, UniformInteger
from synthprof.schemas.draw_kinds.odds import Boolean
from synthprof.schemas.draw_kinds.parameters import By
from synthprof.schemas.draws import Choice, Number, Shift
from synthprof.schemas.schema import Column, FanOut, Schema
from synthprof.schemas.tables import stored_schema
from synthprof.spec.spec import BLOCK_ROWS


def made(schema: Schema = CUSTOMERS, block: int = 0, rows: int = BLOCK_ROWS, seed: int = 1) -> Family:
    return generate_family(schema, seed, "pt_BR", 1.0, block, rows)


def orders(family: Family) -> pa.RecordBatch:
    return family.tables["orders"]


def counts(family: Family) -> np.ndarray:
    """The number of children of each parent."""
    ids = family.generated.profiles.column("id").to_numpy()
    return np.bincount(orders(family).column("customer_id").to_numpy() - ids[0], minlength=len(ids))


def test_children_are_numbered_from_1_within_each_parent_of_the_block() -> None:
    family = made(block=3)
    table = orders(family)
    parents, n = table.column("customer_id").to_numpy(), table.column("n").to_numpy()
    assert parents.min() > 3 * BLOCK_ROWS and parents.max() <= 4 * BLOCK_ROWS
    assert (np.diff(parents) >= 0).all()
    begins = np.flatnonzero(np.diff(parents, prepend=0))
    assert (n[begins] == 1).all()
    assert (np.diff(n)[np.diff(parents) == 0] == 1).all()


def test_the_number_of_children_has_the_odds_of_its_draw() -> None:
    found = np.bincount(counts(made(with_fan_out(FanOut(FEW, 40)))), minlength=4) / BLOCK_ROWS
    assert found == pytest.approx(np.array([5, 3, 2, 1]) / 11, abs=0.012)


def test_factors_multiply_the_mean_for_the_parents_columns_and_its_archetype() -> None:
    family = made()
    found, mean = counts(family), 10 / 11
    male = np.array(family.generated.profiles.column("sex").to_pylist()) == "M"
    rich = family.generated.archetypes == 0
    assert found[~male & ~rich].mean() == pytest.approx(mean, rel=0.04)
    assert found[male & ~rich].mean() == pytest.approx(2.5 * mean, rel=0.04)
    assert found[male & rich].mean() == pytest.approx(10 * mean, rel=0.08)


def test_no_parent_has_more_children_than_most() -> None:
    assert counts(made(with_fan_out(FanOut(UniformInteger(low=0, high=1000), 7)))).max() == 7


def test_the_children_of_a_parent_stand_in_order_of_time() -> None:
    table = orders(made())
    at, parents = table.column("at").to_numpy(), table.column("customer_id").to_numpy()
    assert (np.diff(at)[np.diff(parents) == 0] >= 0).all()
    assert (np.diff(at)[np.diff(parents) != 0] < 0).mean() > 0.4  # only within a parent
    assert at.mean() == pytest.approx(24 * 365 / 2, rel=0.02)


def test_children_follow_the_columns_and_the_archetype_of_their_parent() -> None:
    family = made()
    table = orders(family)
    parents = table.column("customer_id").to_numpy() - 1
    old = family.generated.profiles.column("age").to_numpy()[parents] >= 40
    paid = table.column("paid").to_numpy()
    assert paid[old].mean() == pytest.approx(0.9, abs=0.02)
    assert paid[~old].mean() == pytest.approx(0.1, abs=0.02)
    paper = np.array(table.column("item").to_pylist()) == "paper"
    rich = family.generated.archetypes[parents] == 0
    assert paper[rich].mean() == pytest.approx(30 / 39, abs=0.02)
    assert paper[~rich].mean() == pytest.approx(0.1, abs=0.02)


@pytest.mark.parametrize("rows", [1, 100, 5_000])
def test_the_children_of_the_first_parents_are_the_beginning_of_all(rows: int) -> None:
    every, some = orders(made()), orders(made(rows=rows))
    assert some.equals(every.slice(0, some.num_rows))
    assert some.num_rows == counts(made())[:rows].sum()


def test_blocks_differ_and_are_the_same_each_time() -> None:
    assert orders(made(block=1)).equals(orders(made(block=1)))
    assert not orders(made(block=1)).column("at").equals(orders(made(block=2)).column("at"))


def test_the_profiles_are_those_of_the_schema_without_tables() -> None:
    without = made(replace(CUSTOMERS, tables=()))
    assert made().generated.profiles.equals(without.generated.profiles)
    assert without.tables == {}


def test_a_block_without_children_has_an_empty_table_of_the_same_types() -> None:
    none = orders(made(with_fan_out(FanOut(Number(0, (1.0,), (0,)), 5))))
    assert none.num_rows == 0
    assert none.schema == orders(made()).schema


def with_column(column: Column) -> Schema:
    return replace(CUSTOMERS, tables=(replace(ORDERS, columns=(*ORDERS.columns, column)),))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"name": "clusters"}, "'clusters' cannot be the name of a child table"),
        ({"name": "../x"}, "cannot be the name of a child table"),
        ({"key": "item"}, "has a column twice"),
        ({"columns": ()}, "has no columns; declare at least one"),
        ({"order": "item"}, "order='item' is a category; order by a drawn number"),
        ({"order": "when"}, "unknown column 'when'"),
        ({"odds": (("thrifty", ()),)}, "unknown archetype 'thrifty'"),
        ({"fan_out": FanOut(FEW, 0)}, "most=0 children; give 1 to 65535"),
        ({"fan_out": FanOut(FEW, 9, (Shift("sex", (), ((1.0,), (1.0,))),))}, "write parent.sex"),
        ({"fan_out": FanOut(FEW, 9, archetypes=(("rich", -1.0),))}, "factor -1.0 on the children"),
    ],
)
def test_a_table_that_cannot_be_made_is_refused(change: dict[str, object], message: str) -> None:
    with pytest.raises(SpecError, match=message):
        replace(CUSTOMERS, tables=(replace(ORDERS, **change),))


def test_models_of_draws_take_parameters_of_the_parent_who_has_some_of_its_own() -> None:
    wage = LogNormal(mu=By(by="sex", values={"F": 3.0, "M": 4.0}), sigma=0.1)
    bands = By(by="parent.wage", bands={"0": 1.0, "35": 5.0})
    spent = Column("spent", Normal(mean=bands, stddev=0.1), None, "Spent.")
    table = replace(ORDERS, columns=(*ORDERS.columns, spent))
    columns = (*CUSTOMERS.columns, Column("wage", wage, None, "Wage."))
    schema = replace(CUSTOMERS, columns=columns, tables=(table,))
    family = made(schema)
    wages = family.generated.profiles.column("wage").to_numpy()
    rich = wages[orders(family).column("customer_id").to_numpy() - 1] >= 35
    found = orders(family).column("spent").to_numpy()
    assert found[rich].min() > 4 and found[~rich].max() < 2 and 0.3 < rich.mean() < 0.9
    assert stored_schema(schema, table).column("spent").kind == "float"


def test_a_child_column_may_depend_on_columns_of_its_parent_that_are_there() -> None:
    shift = Shift("parent.height", (), ((1.0, 1.0),))
    with pytest.raises(SpecError, match="unknown column 'height'"):
        with_column(Column("size", Choice(("S", "L"), (1, 1), (shift,)), None, "The size."))


def test_a_child_may_depend_on_a_column_of_the_parent_that_depends_on_others_there() -> None:
    days = UniformInteger(low=1, high=9)
    columns = (
        Column("born", Date(start="1980-01-01", end="1990-12-31"), None, "A day."),
        Column("joined", Date(after="born", offset=days), None, "A later day."),
    )
    ordered = Column("ordered", Date(after="parent.joined", offset=days), None, "A day after both.")
    orders = replace(ORDERS, columns=(ordered,), order="ordered", odds=(), fan_out=FanOut(FEW, 40))
    schema = replace(CUSTOMERS, columns=(*CUSTOMERS.columns, *columns), tables=(orders,))
    family = made(schema, rows=500)
    children, parents = family.tables["orders"], family.generated.profiles
    joined = parents["joined"].take(pa.array(children["customer_id"].to_numpy() - parents["id"][0].as_py()))
    assert len(joined) > 300 and pc.all(pc.less(joined.cast(pa.date32()), children["ordered"])).as_py()


def sampled() -> Schema:
    """Customers whose number of orders hangs on a column of a sampler, by its draw and by a factor."""
    asks = Boolean(share=0.5, given={"sex": {"F": 3.0}})
    mean = LogNormal(
        mu=By(by="parent.plan", values={"free": 0.0, "paid": 1.5}), sigma=0.3, integer=True, low=0, high=50
    )
    given = (Shift("parent.asks", (0, 1), ((1.0,), (3.0,))),)
    plan = Choice(("free", "paid"), (1.0, 1.0), (Shift("asks", (0, 1), ((1.0, 0.2), (0.2, 1.0))),))
    return replace(
        CUSTOMERS,
        columns=(
            *CUSTOMERS.columns,
            Column("asks", asks, None, "Asks."),
            Column("plan", plan, None, "Plan."),
        ),
        tables=(replace(ORDERS, fan_out=FanOut(mean, 60, given)),),
    )


@pytest.mark.parametrize("rows", [1, 700])
def test_fan_outs_may_hang_on_what_samplers_draw(rows: int) -> None:
    whole, part = made(sampled()), made(sampled(), rows=rows)
    assert part.generated.profiles.equals(whole.generated.profiles.slice(0, rows))
    assert orders(part).equals(orders(whole).slice(0, orders(part).num_rows))
    found = counts(whole)
    asks = whole.generated.profiles.column("asks").to_numpy()
    paid = np.array(whole.generated.profiles.column("plan").to_pylist()) == "paid"
    assert found[(asks == 1) & paid].mean() == pytest.approx(3 * found[(asks == 0) & paid].mean(), rel=0.1)
    assert found[(asks == 0) & paid].mean() > 3 * found[(asks == 0) & ~paid].mean()
