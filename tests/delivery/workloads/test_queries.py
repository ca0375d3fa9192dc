"""Queries of workloads: four classes ordered by hardness, each made of what it says, for any schema."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from fault_server import Faults, serving
from notes import make, note_rows, sqlite_of

from synthprof.base.errors import SpecError
from synthprof.delivery.workloads.job import make_workload
from synthprof.delivery.workloads.order import CLASSES, WorkloadOrder
from synthprof.delivery.workloads.queries_contrast import Sample, contrasts
from synthprof.delivery.workloads.queries_rows import differing, few_of, half_of, mixed, other_group
from synthprof.delivery.workloads.queries_texts import changed_texts, plain_texts
from synthprof.delivery.workloads.queries_wishes import misspelt
from synthprof.delivery.workloads.workload import Workload, classes_of
from synthprof.encoders.encoder import encode_rows, encoder_of
from synthprof.profiles.drawing import generate
from synthprof.runner.run import run_all
from synthprof.schemas.loader import load_bundle, schema_names
from synthprof.spec.request import Request
from synthprof.versions.version import Version

QUERIES = 300


@pytest.fixture(scope="module")
def made(three_blocks: Path) -> Workload:
    return make_workload(three_blocks, WorkloadOrder(dataset="three", queries=QUERIES, metrics="cosine,l2"))


def _of(made: Workload, name: str) -> tuple[np.ndarray, list[dict]]:
    chosen = np.array(made.queries.column("class").to_pylist()) == name
    return made.vectors[chosen], made.queries.filter(pa.array(chosen)).to_pylist()


def test_the_classes_are_ordered_by_hardness_as_they_are_named(made: Workload) -> None:
    means = {name: each["hardness"] for name, each in classes_of(made.queries).items()}
    assert sorted(means, key=means.get, reverse=True) == ["near_copy", "in_distribution", "hard", "text"]
    assert {name: each["queries"] for name, each in classes_of(made.queries).items()} == {
        "in_distribution": 120,
        "hard": 60,
        "near_copy": 60,
        "text": 60,
    }


def test_any_first_queries_are_of_all_classes(made: Workload) -> None:
    assert set(made.queries.column("class").to_pylist()[:40]) == set(CLASSES)


def test_a_query_in_distribution_is_the_row_that_the_generator_draws_after_the_last(
    made: Workload, version: Version
) -> None:
    vectors, rows = _of(made, "in_distribution")
    origins = [row["origin"] for row in rows]
    assert min(origins) > version.rows
    assert len(set(origins)) == len(origins)
    spec, block = version.spec, version.spec.blocks
    later = generate(version.schema, spec.seed, spec.locale, spec.separation, block).profiles
    places = pa.array([origin - later.column("id")[0].as_py() for origin in origins])
    assert np.array_equal(vectors, encode_rows(encoder_of(spec, version.bundle), later.take(places)))


def test_a_near_copy_differs_from_its_origin_and_lies_nearest_to_it(made: Workload, version: Version) -> None:
    vectors, rows = _of(made, "near_copy")
    origins = np.array([row["origin"] for row in rows])
    own = version.embeddings()[origins - 1]
    assert (vectors != own).any(axis=1).all()
    nearness = (vectors * own).sum(axis=1)
    assert nearness.mean() > 0.9
    ids = made.truth("cosine").ids[[row["query"] for row in rows]]
    assert (ids == origins[:, None]).any(axis=1).mean() > 0.95


def test_texts_alone_have_a_text_and_no_origin(made: Workload) -> None:
    for name in CLASSES:
        _, rows = _of(made, name)
        assert {row["text"] is not None for row in rows} == {name == "text"}
        assert {row["origin"] is None for row in rows} == {name == "text"}


def test_a_text_lies_where_a_search_for_it_begins(made: Workload, version: Version) -> None:
    vectors, rows = _of(made, "text")
    encoder = encoder_of(version.spec, version.bundle)
    assert np.array_equal(vectors, encoder.encode_text([row["text"] for row in rows]))
    assert (vectors != encoder.encode_text([""])).any(axis=1).all()


def test_hardness_is_the_mean_distance_over_that_of_the_true_100th_neighbour(
    made: Workload, version: Version
) -> None:
    rows = version.embeddings().astype(np.float64)
    for number in range(0, QUERIES, 30):
        distances = np.sqrt(((rows - made.vectors[number]) ** 2).sum(axis=1))
        true = distances.mean() / np.partition(distances, 99)[99]
        assert made.queries.column("hardness")[number].as_py() == pytest.approx(true, rel=0.01)


def test_contrast_has_the_same_bits_however_queries_are_parted(version: Version, made: Workload) -> None:
    sample = Sample.of(version.embeddings(1, 3_000), version.rows, angular=False)
    whole = sample.contrasts(made.vectors)
    for count in (1, 7, 300):
        assert np.array_equal(sample.contrasts(made.vectors[:count]), whole[:count])
    apart = contrasts(sample.means(made.vectors), sample.nears(made.vectors))
    assert whole == pytest.approx(apart, rel=1e-6)


def test_feature_vectors_have_all_classes_but_texts(three_blocks: Path) -> None:
    order = WorkloadOrder(dataset="three", queries=200, space="vector", metrics="dot,cosine")
    found = classes_of(make_workload(three_blocks, order).queries)
    assert list(found) == ["in_distribution", "hard", "near_copy"]
    assert found["near_copy"]["hardness"] > found["in_distribution"]["hardness"] > found["hard"]["hardness"]


def test_another_seed_gives_other_queries(three_blocks: Path, made: Workload) -> None:
    other = make_workload(three_blocks, WorkloadOrder(dataset="three", queries=QUERIES, seed=2))
    for name in CLASSES:
        same = {tuple(row) for row in _of(made, name)[0].tolist()} & {
            tuple(row) for row in _of(other, name)[0].tolist()
        }
        assert len(same) < 5, name


@pytest.fixture(scope="module")
def others(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A collection of notes, and profiles whose embeddings are noise."""
    home = tmp_path_factory.mktemp("others")
    make(home, sqlite_of(home / "notes.db", note_rows()), dim_embedding=32, save_index=False)
    small = {"profiles": 400, "encoder": "hashed", "dim_embedding": 16, "clusters": 2, "kmeans_niter": 1}
    run_all(Request.from_params({"dataset": "noise", "save_index": False, "workers": 1} | small), home)
    return home


def test_a_collection_has_mixtures_near_copies_and_texts_of_its_texts(others: Path) -> None:
    made = make_workload(others, WorkloadOrder(dataset="notes", queries=60))
    assert classes_of(made.queries).keys() == {"hard", "near_copy", "text"}
    assert list(made.output.details["left_out"]) == ["in_distribution"]
    texts = {f"doc-{number}": text for number, (_, text, *_) in enumerate(note_rows())}
    for row in _of(made, "near_copy")[1]:
        assert row["text"] not in texts.values()
        assert len(row["text"].split()) == 6 or len(row["text"].split()) in (5, 7)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"dataset": "notes", "mix": "in_distribution=1"}, "a collection has no generator"),
        ({"dataset": "notes", "space": "vector"}, "a collection has no feature vectors"),
        (
            {"dataset": "noise", "mix": "text=1"},
            "encoder=hashed takes no texts; ask for in_distribution, hard",
        ),
        ({"dataset": "noise", "mix": "near_copy=1"}, "a changed row a vector that is not near"),
    ],
)
def test_a_class_that_cannot_be_is_refused_where_it_is_asked_for(
    others: Path, params: dict, message: str
) -> None:
    with pytest.raises(SpecError, match=message):
        make_workload(others, WorkloadOrder(**params))


def test_a_class_that_cannot_be_is_left_out_where_the_mix_is_open(others: Path) -> None:
    made = make_workload(others, WorkloadOrder(dataset="noise", queries=60))
    assert {name: each["queries"] for name, each in classes_of(made.queries).items()} == {
        "in_distribution": 40,
        "hard": 20,
    }
    assert set(made.output.details["left_out"]) == {"near_copy", "text"}


@pytest.mark.parametrize("name", schema_names())
def test_texts_about_any_schema_name_what_its_rows_have(name: str) -> None:
    bundle = load_bundle(name)
    rows = generate(bundle.schema, 3, "pt_BR", 0.8, 0, 200).profiles
    texts, wishes = plain_texts(bundle, rows, 5)
    assert all(text.strip() and "{" not in text for text in (*texts, *wishes))
    assert len(set(texts)) > 150
    values = {value for column in bundle.schema.columns for value in column.values}
    assert sum(any(value in wish for value in values) for wish in wishes) > 60


def test_a_near_copy_changes_one_to_three_columns_that_differ_and_those_that_follow() -> None:
    rng = np.random.default_rng(1)
    names = [("town", "state"), ("age",), ("pet",), ("job",), ("car",)]
    columns = {name: rng.integers(0, 3, 500) for unit in names for name in unit}
    ones = pa.record_batch({name: pa.array(each) for name, each in columns.items()})
    others = ones.take(pa.array(rng.permutation(500)))
    differ = differing(ones, others, names)
    taken = few_of(differ, 7)
    found = mixed(ones, others, names, taken)
    changed = differing(ones, found, names)
    assert np.array_equal(changed, taken)
    counts = changed.sum(axis=1)
    assert set(counts[differ.sum(axis=1) >= 3]) == {1, 2, 3}
    assert (counts == 0).sum() == (~differ.any(axis=1)).sum()
    assert (half_of(differ, 7).sum(axis=1) == differ.sum(axis=1) // 2).all()


def test_the_other_row_is_of_another_group_unless_there_is_only_one() -> None:
    groups = np.array([3, 0, 0, 5, 3, 0, 9])
    ones = np.repeat(np.arange(7), 200)
    uniform = np.tile((np.arange(200) + 0.5) / 200, 7)
    found = other_group(groups, ones, uniform)
    assert (groups[found] != groups[ones]).all()
    for one in range(7):
        assert set(found[ones == one]) == set(np.flatnonzero(groups != groups[one]))
    assert set(other_group(np.zeros(7, np.int64), ones, uniform)) == set(range(7))


def test_a_changed_text_has_up_to_three_other_words() -> None:
    texts = ["a b c d e f"] * 100
    changed = changed_texts(texts, ["u v w x y z"] * 100, 3)
    counts = {
        sum(one != other for one, other in zip("abcdef", text.split(), strict=True)) for text in changed
    }
    assert counts == {1, 2, 3}
    assert changed_texts(["a b", "", "c"], ["", "x", ""], 1) == ["a b", "", "c"]


def test_a_misspelt_text_has_one_word_spelt_wrong() -> None:
    texts = ["horas curtas no computador"] * 300
    found = misspelt(texts, 0.5, 2)
    wrong = [text for text in found if text != texts[0]]
    assert 100 < len(wrong) < 200
    for text in wrong:
        pairs = zip(text.split(), texts[0].split(), strict=True)
        assert sum(one != other for one, other in pairs) == 1
    assert misspelt(["ab cd", ""], 1.0, 1) == ["ab cd", ""]


def test_a_service_is_asked_for_queries_in_small_requests_and_only_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = {"encoder": "http", "model": "m", "dim_embedding": 32, "clusters": 2, "save_index": False}
    with serving(faults := Faults(busy=0.05)) as url:
        monkeypatch.setenv("SYNTHPROF_EMBEDDINGS_URL", url)
        make(tmp_path, sqlite_of(tmp_path / "notes.db", note_rows(80)), **service)
        before, requests = faults.answered.total(), faults.requests
        made = make_workload(tmp_path, WorkloadOrder(dataset="notes", queries=90))
        asked = faults.answered.total() - before
        assert asked == 30 + 2 * 2 * 30
        assert faults.requests - requests >= asked / 32
        make_workload(tmp_path, WorkloadOrder(dataset="notes", queries=90))
        assert faults.answered.total() - before == asked
    assert all(row["text"] for row in made.queries.to_pylist())
