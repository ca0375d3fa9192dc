"""Sizes of archetypes by Zipf's law."""

import dataclasses

import numpy as np
import pytest

from synthprof.profiles.drawing import generate
from synthprof.schemas.loader import load_schema
from synthprof.schemas.topic_sizes import with_topic_sizes

SCHEMA = load_schema("gamer_br")


def test_no_exponent_keeps_the_schema() -> None:
    assert with_topic_sizes(SCHEMA, 0.0) == SCHEMA


@pytest.mark.parametrize("exponent", [0.5, 1.0, 2.0])
def test_archetypes_have_the_sizes_of_zipf_in_the_order_of_their_shares(exponent: float) -> None:
    sized = with_topic_sizes(SCHEMA, exponent)
    drawn = np.bincount(generate(sized, 4, "pt_BR", 0.8, 0).archetypes, minlength=len(sized.archetypes))
    wanted = np.arange(1, len(drawn) + 1) ** -exponent
    order = np.argsort([-each.share for each in SCHEMA.archetypes], kind="stable")
    assert np.abs(drawn[order] / drawn.sum() - wanted / wanted.sum()).max() < 0.012


def test_a_schema_without_archetypes_stays() -> None:
    bare = dataclasses.replace(SCHEMA, archetypes=(), tables=())
    assert with_topic_sizes(bare, 1.0) is bare
