"""Embeddings that turn as a whole."""

import numpy as np
import pytest

from synthprof.base.errors import SpecError
from synthprof.encoders.encoder import WishEncoder, encoder_of
from synthprof.encoders.rotation import rotated
from synthprof.profiles.drawing import generate
from synthprof.schemas.loader import load_bundle
from synthprof.spec.spec import Spec

BUNDLE = load_bundle("customer_us")

ROWS = generate(BUNDLE.schema, 3, "pt_BR", 0.8, 0, 300).profiles


@pytest.mark.parametrize("encoder", ["catalogue", "hashed"])
@pytest.mark.parametrize("strength", [0.2, 1.0])
def test_every_embedding_turns_by_the_angle_and_distances_stay(encoder, strength) -> None:
    spec = Spec(profile_schema="customer_us", encoder=encoder, dim_embedding=32)
    before, after = (
        encoder_of(each, BUNDLE).encode(ROWS)
        for each in (
            spec,
            spec.model_copy(update={"drift": "rotation", "drift_strength": strength, "drift_night": 1}),
        )
    )
    cosines = np.einsum("ij,ij->i", before, after)
    assert np.allclose(cosines, np.cos(np.radians(90 * strength)), atol=1e-5)
    assert np.allclose(before @ before.T, after @ after.T, atol=1e-5)
    assert after.dtype == np.float32 and after.flags.c_contiguous


def test_a_coordinate_without_a_partner_stays() -> None:
    plain = encoder_of(Spec(profile_schema="customer_us", dim_embedding=9), BUNDLE)
    before, after = plain.encode(ROWS), rotated(plain, 90.0).encode(ROWS)
    assert ((before == after).all(axis=0)).sum() == 1
    assert np.allclose(np.linalg.norm(after, axis=1), 1, atol=1e-5)


def test_texts_turn_with_the_profiles_so_that_searches_find_the_same() -> None:
    spec = Spec(profile_schema="customer_us", dim_embedding=64)
    plain, turned = encoder_of(spec, BUNDLE), rotated(encoder_of(spec, BUNDLE), 45.0)
    assert isinstance(plain, WishEncoder) and isinstance(turned, WishEncoder)
    found = []
    for each in (plain, turned):
        near = each.encode(ROWS) @ each.encode_text(["gadgets and video games"])[0]
        found.append(np.argsort(-near, kind="stable")[:10])
    assert np.array_equal(*found)


def test_a_service_is_not_turned() -> None:
    with pytest.raises(SpecError, match="catalogue and hashed"):
        encoder_of(Spec(encoder="http", model="m", drift="rotation"), BUNDLE)
