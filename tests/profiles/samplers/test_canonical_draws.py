"""Keys, patterns and words survive the canonical text of a schema: the same values are drawn of it."""

import pytest
from drawing import drawn
from unique_draws import KEYS, PATTERNS

from synthprof.schemas.bundle import Bundle
from synthprof.schemas.draw_kinds.accounts import Email
from synthprof.schemas.draw_kinds.combinations import Combination
from synthprof.schemas.draw_kinds.fakers import FakerWords
from synthprof.schemas.schema import Column, Schema

WORDS = [
    Email(domains={"z.example": 1, "a.example": 3}),
    Combination(lists=(("a", "b"), ("c", "d"))),
    FakerWords(provider="pyint", size=50).with_words(),
    FakerWords(provider="boolean", size=50).with_words(),
]


@pytest.mark.parametrize("draw", [*KEYS, *PATTERNS, *WORDS], ids=lambda draw: draw.told)
def test_a_draw_is_the_same_once_it_has_travelled(draw):
    bundle = Bundle(Schema("test", (Column("x", draw, None, "For a test."),), ()))
    travelled = Bundle.of(bundle.text)
    assert travelled == bundle
    assert travelled.text == bundle.text
    assert drawn(travelled.schema.column("x").draw, rows=200).equals(drawn(draw, rows=200))
