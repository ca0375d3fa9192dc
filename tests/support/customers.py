"""A small schema in English, without archetypes: customers with a number, a date, a sum and gaps."""

from typing import Any

from synthprof.schemas.bundle import Bundle
from synthprof.schemas.draw_kinds.model import DrawModel
from synthprof.schemas.draw_kinds.numbers import UniformInteger
from synthprof.schemas.draw_kinds.tabulated import Tabulated
from synthprof.schemas.draws import Choice, Subset
from synthprof.schemas.feature_defaults import feature_of
from synthprof.schemas.features import Counted, Indexed
from synthprof.schemas.languages import spoken
from synthprof.schemas.schema import Column, Schema
from synthprof.schemas.texts import Texts


def tabulated(kind: str, *cells: tuple[str | None, str | None, float], **more: Any) -> Tabulated:
    """A draw from cells, each with its ends and its weight."""
    ends = [{"low": low, "high": high} for low, high, _ in cells]
    weights = {"when": "weight", "weights": [weight for _, _, weight in cells]}
    return Tabulated.model_validate({"type": kind, "cells": ends, "bands": [weights], **more})


DRAWS: dict[str, DrawModel] = {
    "age": UniformInteger(low=18, high=89),
    "city": tabulated("text", ("Austin", None, 3), ("Boston", None, 2), ("Seattle", None, 2)),
    "signup_date": tabulated("date", ("2019-01-01", "2021-12-31", 1), ("2022-01-01", "2024-12-31", 3)),
    "spend": tabulated("float", ("0", "99.99", 6), ("100", "999.99", 3), (None, None, 1), digits=2),
    "active": tabulated("bool", ("true", None, 7), ("false", None, 3)),
}


def customers() -> Bundle:
    """The schema, with what follows from its columns."""
    modelled = [
        Column(name, draw, feature_of(draw), f"The {name.replace('_', ' ')} of a customer.")
        for name, draw in DRAWS.items()
    ]
    plan = Column("plan", Choice(("free", "plus", "pro"), (6, 3, 1)), Indexed(), "What they pay for.", True)
    uses = Column(
        "channels", Subset(("web", "app", "shop"), (3, 2, 1), (2, 1)), Counted(2), "Where they buy."
    )
    schema = Schema("customers", (*modelled, plan, uses), ())
    return Bundle(schema, texts=spoken(Texts(), schema, "en", "customer"))
