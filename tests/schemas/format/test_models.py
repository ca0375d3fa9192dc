"""The models of a schema's file, and what they need of the draws of others."""

from synthprof.schemas.draw_kinds.every import MODELS
from synthprof.schemas.format.columns import DRAWS, OWN, Column


def test_no_key_of_a_draw_is_a_key_of_every_column() -> None:
    # They stand in the same table of a file.
    for name, model in DRAWS.items():
        keys = {field.alias or key for key, field in model.model_fields.items()}
        assert keys & OWN == {"draw"}, name


def test_every_kind_of_draw_can_be_the_draw_of_a_column() -> None:
    assert {model.model_fields["draw"].default for model in MODELS} < set(DRAWS)
    column = Column.model_validate(
        {"name": "die", "doc": "A throw.", "draw": "uniform_integer", "low": 1, "high": 6, "nulls": 0.1}
    )
    assert (column.draw.draw, column.draw.low, column.nulls) == ("uniform_integer", 1, 0.1)
