"""Publishing counts of traits what it would count of the profiles."""

import dataclasses

import numpy as np
import pyarrow as pa
import pytest

from synthprof.profiles.codes import Lists
from synthprof.profiles.drawing import generate
from synthprof.report.overview import count, map_of
from synthprof.report.traits import traits_of
from synthprof.schemas.loader import load_schema
from synthprof.schemas.nulls import Nulls
from synthprof.schemas.schema import Schema

ROWS = 3_000


def _schema(name: str, lacking: tuple[str, ...] = ()) -> Schema:
    schema = load_schema(name)
    nulls = Nulls.model_validate(0.3)
    columns = (dataclasses.replace(c, nulls=nulls if c.name in lacking else c.nulls) for c in schema.columns)
    return dataclasses.replace(schema, columns=tuple(columns))


@pytest.mark.parametrize(
    "schema",
    [
        _schema("gamer_br"),
        _schema("gamer_br", ("cidade", "idade", "jogos_favoritos", "usa_microfone")),
        _schema("customer_us"),
    ],
    ids=["gamer_br", "gamer_br with gaps", "customer_us"],
)
def test_counts_and_points_are_those_of_the_profiles(schema: Schema) -> None:
    profiles = generate(schema, 1, "pt_BR", 0.8, 0, ROWS).profiles
    traits = traits_of(schema, profiles, Lists(profiles))
    clusters, chosen = np.arange(ROWS) % 7 - 1, np.arange(5)
    of_traits, of_profiles = (count(schema, each, clusters, chosen).table() for each in (traits, profiles))
    assert np.array_equal(of_traits, of_profiles)
    places, ids = np.zeros((ROWS, 2), np.float32), profiles.column("id")
    with_ids = pa.RecordBatch.from_arrays([ids, *traits.columns], names=["id", *traits.schema.names])
    assert map_of(schema, with_ids, places, clusters).equals(map_of(schema, profiles, places, clusters))


def test_traits_are_a_tenth_of_the_profiles() -> None:
    schema = _schema("gamer_br")
    profiles = generate(schema, 1, "pt_BR", 0.8, 0, 16_384).profiles
    assert traits_of(schema, profiles, Lists(profiles)).nbytes < profiles.nbytes / 10
