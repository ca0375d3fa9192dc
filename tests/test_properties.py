"""Properties that hold for every spec, plan, file and schema, tried on drawn examples."""

import json
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from synthprof.base import files
from synthprof.base.errors import SpecError
from synthprof.profiles.drawing import generate
from synthprof.profiles.features import features
from synthprof.schemas.loader import load_schema
from synthprof.spec.request import Request, params_schema
from synthprof.spec.shards import plan_shards
from synthprof.spec.spec import BLOCK_ROWS, Runtime, Spec
from synthprof.stages.footprint import Footprint
from synthprof.stages.plan import plan
from synthprof.store.manifest import Manifest, read_manifest
from synthprof.system.machine import Budget

specs = st.builds(
    Spec,
    profiles=st.integers(1, 50_000_000),
    seed=st.integers(0, 2**53 - 1),
    separation=st.floats(0, 1),
    dim_vector=st.integers(32, 256),
    dim_embedding=st.integers(8, 1_024),
    kmeans_niter=st.integers(1, 100),
    save_index=st.booleans(),
    vacuum=st.booleans(),
    index_memory_mib=st.just(1_048_576),
)

anything = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.lists(st.integers()),
    st.dictionaries(st.text(), st.text()),
)  # fmt: skip


@given(specs, st.integers(0, 100))
def test_shards_cover_each_block_once_in_order(spec: Spec, shards: int) -> None:
    found = plan_shards(spec, Runtime(shards=shards))
    assert [block for shard in found for block in shard.blocks] == list(range(spec.blocks))
    assert max(len(shard.blocks) for shard in found) - min(len(shard.blocks) for shard in found) <= 1
    assert sum(spec.block_rows(block) for block in range(spec.blocks)) == spec.profiles


@given(specs, specs)
def test_a_spec_and_its_digest_tell_specs_apart_and_survive_json(one: Spec, other: Spec) -> None:
    assert (one == other) == (one.digest == other.digest)
    again = Spec.model_validate(json.loads(one.model_dump_json()))
    assert again == one
    assert again.digest == one.digest


@given(specs)
def test_parameters_give_back_the_request_they_came_from(spec: Spec) -> None:
    request = Request(dataset="a", spec=spec, runtime=Runtime(workers=3))
    assert Request.from_params(request.params) == request


@settings(deadline=None)
@given(st.sampled_from(sorted(params_schema())), anything)
def test_any_value_of_a_parameter_is_taken_or_refused_by_one_error(name: str, value: Any) -> None:
    try:
        taken = Request.from_params({name: value}).params[name]
    except SpecError as error:
        assert name in str(error)
        return
    if isinstance(value, str) and not isinstance(taken, str):  # a number or truth as people write it
        assert Request.from_params({name: taken}).params[name] == taken
    else:
        assert taken == value


@settings(max_examples=25, deadline=None)
@given(specs, st.integers(1, 64))
def test_a_plan_within_plenty_never_refuses_and_grows_with_the_rows(spec: Spec, workers: int) -> None:
    plenty = Budget(workers, 1 << 60, 1 << 60)
    small = plan(Request(spec=spec), plenty)
    larger = spec.model_copy(update={"profiles": 2 * spec.profiles})
    assert all(amount > 0 for amount in small.memory.values())
    less, more = Footprint(spec), Footprint(larger)
    for name in small.memory:
        assert more.memory(name, workers) >= less.memory(name, 1) or "index" in name
        assert more.disk(name) >= less.disk(name) or "index" in name
    assert 1 <= less.fitting_workers(Budget(workers, 1 << 30, 1 << 60)) <= workers


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 2**53 - 1), st.integers(0, 5_000), st.integers(1, 40))
def test_a_block_holds_to_its_schema_and_fewer_rows_are_the_first_of_more(
    seed: int, block: int, rows: int
) -> None:
    from synthprof.profiles.checks import check

    schema = load_schema("gamer_br")
    many = generate(schema, seed, "pt_BR", 0.8, block, rows + 20).profiles
    few = generate(schema, seed, "pt_BR", 0.8, block, rows).profiles
    assert many.slice(0, rows).equals(few)
    assert few.column("id").to_pylist() == list(range(block * BLOCK_ROWS + 1, block * BLOCK_ROWS + 1 + rows))
    assert not check(schema, few)
    vectors = features(schema, few, 32)
    assert ((vectors >= 0) & (vectors <= 1)).all()


@settings(max_examples=30, deadline=None)
@given(st.binary(max_size=2_000), st.binary(max_size=2_000))
def test_a_replaced_file_holds_the_old_or_the_new_bytes_and_its_record_tells_which(
    old: bytes, new: bytes
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a" / "file"
        for content in (old, new):
            with files.replacing(path) as temporary:
                temporary.write_bytes(content)
        assert path.read_bytes() == new
        assert (files.record(path, path.parent) == _record_of(old)) == (old == new)


def _record_of(content: bytes) -> files.FileRecord:
    import hashlib

    return files.FileRecord(path="file", bytes=len(content), sha256=hashlib.sha256(content).hexdigest())


@settings(max_examples=60, deadline=None)
@given(
    st.floats(0, 0.9999), st.integers(0, 7), st.dictionaries(st.text(max_size=5), st.floats(allow_nan=False))
)
def test_a_manifest_with_any_bit_flipped_is_refused(place: float, bit: int, scores: dict[str, float]) -> None:
    from synthprof.base.errors import StageError

    manifest = Manifest(
        format=1, dataset="a", version="0123456789ab", published_at="2026-01-01", spec=Spec().model_dump(),
        rows=1, content="c", files=(), scores=scores, stages=(),
    ).sealed()  # fmt: skip
    with tempfile.TemporaryDirectory() as home:
        folder = Path(home) / "0123456789ab"
        folder.mkdir()
        data = bytearray(manifest.text().encode())
        (folder / "MANIFEST.json").write_bytes(data)
        assert read_manifest(folder).text() == manifest.text()
        data[int(place * len(data))] ^= 1 << bit
        (folder / "MANIFEST.json").write_bytes(data)
        try:
            read_manifest(folder)
        except StageError:
            return
        raise AssertionError(f"bit {bit} at {place:.2%} went unseen")
