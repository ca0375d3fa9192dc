import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthprof.base.errors import SpecError
from synthprof.spec.locales import locales
from synthprof.spec.params import check_names
from synthprof.spec.request import Request, RequestKind, check_params, params_schema
from synthprof.spec.shards import Shard, plan_shards
from synthprof.spec.spec import BLOCK_ROWS, MAX_SHARDS, Runtime, Spec


@pytest.mark.parametrize(
    ("params", "value"),
    [
        ({"profiles": 0}, "0 is less than the minimum of 1"),
        ({"profiles": -5}, "-5"),
        ({"profiles": 10**12}, "maximum"),
        ({"profiles": True}, "True is not of type 'integer'"),
        ({"profiles": 1.5}, "1.5"),
        ({"seed": -1}, "-1"),
        ({"separation": 1.01}, "1.01"),
        ({"separation": float("nan")}, "nan"),
        ({"encoder": "magic"}, "'magic' is not one of"),
        ({"locale": "xx_YY"}, "'pt_BR'"),
        ({"dataset": "a/b"}, "a/b"),
        ({"dataset": "../x"}, "../x"),
        ({"dataset": "a.b"}, "a.b"),
        ({"dataset": "a b"}, "a b"),
        ({"dataset": "a\n"}, "a"),
        ({"dataset": ""}, "''"),
        ({"dataset": "a" * 64}, "aaa"),
        ({"profile": 3}, "Unknown parameter profile=3"),
    ],
)
def test_bad_parameters_are_refused_with_value_and_rule(params: dict[str, object], value: str) -> None:
    with pytest.raises(SpecError) as caught:
        Request.from_params(params)
    assert value in str(caught.value)
    assert next(iter(params)) in str(caught.value)


@pytest.mark.parametrize(
    ("kind", "params", "message"),
    [
        (
            "generate",
            {"seed": 1, "source": "/x"},
            "Unknown parameter source='/x'; the parameters are dataset, ",
        ),
        (
            "embed",
            {"source": "/x", "locale": "ko_KR"},
            "Unknown parameter locale='ko_KR'; the parameters are ",
        ),
        ("embed", {"source": ""}, "source is missing; name an SQLite or Parquet file or a folder"),
        ("embed", {"seed": 1}, "source is missing"),
    ],
)
def test_a_kind_of_request_refuses_the_parameters_of_the_other_and_one_of_texts_without_a_source(
    kind: RequestKind, params: dict[str, object], message: str
) -> None:
    with pytest.raises(SpecError) as caught:
        check_names(params, params_schema(kind))
    assert str(caught.value).startswith(message)


def test_every_parameter_has_description_default_and_type() -> None:
    for name, schema in params_schema().items():
        assert schema["description"].endswith("."), name
        assert {"default", "type"} <= schema.keys(), name
        if schema["type"] in ("integer", "number"):
            assert {"minimum", "maximum"} <= schema.keys(), name


def test_every_default_is_allowed() -> None:
    check_params({name: schema["default"] for name, schema in params_schema().items()})


def test_params_and_request_are_inverse() -> None:
    request = Request.from_params({"dataset": "x", "profiles": 12, "workers": 3, "separation": 1})
    assert Request.from_params(request.params) == request
    assert request.spec.separation == 1.0


def test_runtime_and_name_do_not_change_what_is_made() -> None:
    one = Request.from_params({"dataset": "a", "shards": 3, "workers": 2, "force": True})
    other = Request.from_params({"dataset": "b"})
    assert one.spec.digest == other.spec.digest


def test_every_field_of_the_spec_changes_its_digest() -> None:
    other = {
        "profiles": 7, "seed": 1, "locale": "en_US", "separation": 0.1, "dim_vector": 40, "dim_embedding": 64,
        "encoder": "hashed", "clusters": 3, "kmeans_niter": 3, "kmeans_nredo": 2, "use_gpu": True,
        "save_index": False, "index": "flat", "index_memory_mib": 99, "vacuum": True, "model": "m",
        "collection": "0" * 32, "columns": "ano:integer",
    }  # fmt: skip
    assert {*other, "profile_schema"} == set(Spec.model_fields)
    digests = {Spec(**{name: value}).digest for name, value in other.items()}
    assert len(digests | {Spec().digest}) == len(other) + 1


def test_the_digest_of_the_default_spec_stays() -> None:
    # It names the build folder: a change orphans everybody's half-done work and says so in the CHANGELOG.
    assert Spec().digest == DEFAULT_SPEC_DIGEST


DEFAULT_SPEC_DIGEST = "b76f428419fcd530369bae142f0e4fcd"


@given(profiles=st.integers(1, 10**9), shards=st.integers(0, MAX_SHARDS))
def test_shards_cover_every_block_once_in_order_and_evenly(profiles: int, shards: int) -> None:
    spec = Spec(profiles=profiles)
    plan = plan_shards(spec, Runtime(shards=shards))
    assert plan[0].first == 0
    assert plan[-1].end == spec.blocks
    assert all(one.end == other.first for one, other in itertools.pairwise(plan))
    sizes = [len(shard.blocks) for shard in plan]
    assert min(sizes) >= 1
    assert max(sizes) - min(sizes) <= 1
    assert len(plan) <= MAX_SHARDS


@given(profiles=st.integers(1, 10**9))
def test_blocks_add_up_to_the_profiles(profiles: int) -> None:
    spec = Spec(profiles=profiles)
    assert 1 <= spec.block_rows(spec.blocks - 1) <= BLOCK_ROWS
    assert (spec.blocks - 1) * BLOCK_ROWS + spec.block_rows(spec.blocks - 1) == profiles


@pytest.mark.parametrize("text", ["5:3", "3:3", "-1:2", "3", "0:1:2", "0:١", "a:b", ""])
def test_a_shard_without_blocks_is_refused(text: str) -> None:
    with pytest.raises(SpecError, match=f"^shard '?{text}'? .*; give its first block"):
        Shard.of(text)


def test_labels_of_shards_are_the_ids_they_hold() -> None:
    spec = Spec(profiles=40_000)
    labels = [shard.label(spec.profiles) for shard in plan_shards(spec, Runtime(shards=2))]
    assert labels == ["1-16,384", "16,385-40,000"]


def test_the_locales_are_those_that_faker_has_names_for() -> None:
    import importlib

    assert "pt_BR" in locales()
    assert len(locales()) > 60
    for name in locales():
        assert hasattr(importlib.import_module(f"faker.providers.person.{name}"), "Provider")
