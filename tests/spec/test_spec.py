from hypothesis import given
from hypothesis import strategies as st

from synthprof.spec.spec import BLOCK_ROWS, Spec


def test_every_field_of_the_spec_changes_its_digest() -> None:
    other = {
        "profiles": 7, "seed": 1, "locale": "en_US", "separation": 0.1, "dim_vector": 40, "dim_embedding": 64,
        "encoder": "hashed", "clusters": 3, "kmeans_niter": 3, "kmeans_nredo": 2, "use_gpu": True,
        "save_index": False, "index": "flat", "index_memory_mib": 99, "vacuum": True, "model": "m",
        "collection": "0" * 32, "columns": "ano:integer",
        "schema_digest": "0" * 32, "with_tables": "all", "topic_sizes": 1.0, "hardness": 0.0,
        "hardness_spread": 0.1, "hardness_decay": 1.0, "near_duplicates": 0.1,
        "prose": "card", "avatars": True, "duplicates": 0.1, "drift": "prior", "kind": "images",
        "store": "parquet",
    }  # fmt: skip
    dependent = {"near_distance", "avatar_size", "avatar_copies", "duplicate_errors"}
    dependent |= {"drift_strength", "drift_night", "drift_nights"}
    assert {*other, "profile_schema", *dependent} == set(Spec.model_fields)
    digests = {Spec(**{name: value}).digest for name, value in other.items()}
    assert len(digests | {Spec().digest}) == len(other) + 1
    near, nearer = (Spec(near_duplicates=0.1, near_distance=each).digest for each in (0.15, 0.1))
    assert near != nearer
    nights = ({}, {"drift_strength": 0.1}, {"drift_night": 3}, {"drift_nights": 2})
    assert len({Spec(drift="prior", **each).digest for each in nights}) == len(nights)


def test_parameters_of_noise_that_is_not_there_change_no_digest() -> None:
    for without in ({"hardness": 0.0}, {"encoder": "hashed"}, {"collection": "0" * 32}):
        assert Spec(**without, hardness_spread=2.0, hardness_decay=1.0).digest == Spec(**without).digest
    assert Spec(encoder="model", hardness=0.0).digest == Spec(encoder="model").digest
    assert Spec(near_distance=0.5).digest == Spec().digest
    assert Spec(drift_night=5, drift_strength=0.1, drift_nights=9).digest == Spec().digest


def test_the_digest_of_the_default_spec_stays() -> None:
    # It names the build folder: a change orphans everybody's half-done work and says so in the CHANGELOG.
    assert Spec().digest == DEFAULT_SPEC_DIGEST


DEFAULT_SPEC_DIGEST = "b76f428419fcd530369bae142f0e4fcd"


@given(profiles=st.integers(1, 10**9))
def test_blocks_add_up_to_the_profiles(profiles: int) -> None:
    spec = Spec(profiles=profiles)
    assert 1 <= spec.block_rows(spec.blocks - 1) <= BLOCK_ROWS
    assert (spec.blocks - 1) * BLOCK_ROWS + spec.block_rows(spec.blocks - 1) == profiles
