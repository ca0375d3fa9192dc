"""A small schema with a child table, for tests of what is made of such tables."""

from dataclasses import replace

from synthprof.schemas.draw_kinds.numbers import UniformInteger
from synthprof.schemas.draws import Chance, Choice, Number, Shift, Subset
from synthprof.schemas.schema import Archetype, ChildTable, Column, FanOut, Schema

FEW = Number(0, (5.0, 3.0, 2.0, 1.0), (0,))
"""0 to 3 children, 0.909 on average."""

HOURS = 24 * 365
"""Moments of the children: hours of a year."""

ORDERS = ChildTable(
    name="orders",
    doc="What was bought.",
    key="customer_id",
    fan_out=FanOut(FEW, 40, (Shift("parent.sex", (), ((1.0,), (2.5,))),), (("rich", 4.0),)),
    columns=(
        Column("item", Choice(("pen", "ink", "paper"), (6, 3, 1)), None, "The item."),
        Column("at", UniformInteger(low=0, high=HOURS), None, "The hour of the year."),
        Column(
            "paid",
            Chance(0.5, (Shift("parent.age", (18, 40), ((9.0, 1.0), (1.0, 9.0))),)),
            None,
            "Whether it was paid at once.",
        ),
        Column("colours", Subset(("red", "blue", "green"), (1, 1, 1), (1, 1)), None, "The colours."),
    ),
    order="at",
    odds=(("rich", (("item", (1.0, 1.0, 30.0)),)),),
)

CUSTOMERS = Schema(
    "customers",
    (
        Column("sex", Choice(("F", "M"), (1, 1)), None, "The sex."),
        Column("age", Number(18, (1.0,) * 50, (18, 40)), None, "The age."),
    ),
    (Archetype("rich", "Who buys much", 0.2, ()), Archetype("poor", "Who buys little", 0.8, ())),
    tables=(ORDERS,),
)


def with_fan_out(fan_out: FanOut) -> Schema:
    """The customers, with another number of orders."""
    return replace(CUSTOMERS, tables=(replace(ORDERS, fan_out=fan_out),))
