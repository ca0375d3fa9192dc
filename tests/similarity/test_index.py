import dataclasses
import tempfile
from pathlib import Path

import faiss
import numpy as np
import pytest
from everyday import everyday

from synthprof.base.errors import SpecError, StageError
from synthprof.similarity import index, inverted_file, kmeans, list_filling, probes, recall
from synthprof.similarity.nearest_centroid import assign
from synthprof.similarity.threads import one_thread_each
from synthprof.spec import sizing

DIM = 16
GIB = 2**30


def blobs(rows, dim=DIM, groups=30, noise=0.4, seed=3):
    random = np.random.default_rng(seed)
    centres = random.standard_normal((groups, dim))
    vectors = centres[random.integers(0, groups, rows)] + noise * random.standard_normal((rows, dim))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors.astype(np.float32)


def split(vectors, part=4_096):
    return [vectors[first : first + part] for first in range(0, len(vectors), part)]


NONE = np.zeros(0, np.int64)


def build(choice, blocks, **options):
    """Return the index; its file may lose its name, as it stays open."""
    with tempfile.TemporaryDirectory() as folder:
        return index.build(choice, lambda: blocks, Path(folder) / "index", **options)


def file_of(choice, blocks, missing=NONE, **options):
    """Return the bytes of the index as it is published."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "index"
        index.finish(index.build(choice, lambda: blocks, path, **options), path, missing)
        return path.read_bytes()


def exact(vectors, queries, k=10):
    """Ids by the definition: all inner products in float64, ties by the lower id."""
    products = queries.astype(np.float64) @ vectors.T.astype(np.float64)
    return np.argsort(-products, axis=1, kind="stable")[:, :k] + 1, -np.sort(-products, axis=1)[:, :k]


@pytest.fixture(scope="module")
def vectors():
    return blobs(11_000)


@pytest.fixture(scope="module")
def clustering(vectors):
    centroids = kmeans.train(vectors, 100, 8).centroids
    return centroids, assign(vectors, centroids)[0]


@pytest.fixture(scope="module", params=sizing.KINDS)
def built(request, vectors, clustering, tmp_path_factory):
    centroids, labels = clustering
    choice = dataclasses.replace(sizing.choose(len(vectors), DIM, GIB, request.param, clusters=100), nprobe=1)
    path = tmp_path_factory.mktemp("built") / "index"
    known = {"centroids": centroids, "labels": labels, "training": vectors}
    return choice, index.build(choice, lambda: split(vectors), path, **known), path


def test_the_size_is_estimated_within_five_percent(built):
    choice, made, path = built
    index.finish(made, path, NONE)
    # The PQ codebook, 256 codewords of d floats, counts for nothing at a million rows.
    written = path.stat().st_size - (1_024 * DIM if choice.kind == "ivf_pq" else 0)
    assert written == pytest.approx(choice.bytes, rel=0.05)


@pytest.mark.parametrize("kind", everyday(sorted(sizing.KINDS, key="ivf_pq".__eq__), len(sizing.KINDS) - 1))
def test_bytes_do_not_depend_on_threads_or_on_how_rows_are_split(kind, vectors, clustering):
    choice = sizing.choose(len(vectors), DIM, GIB, kind, clusters=100)
    centroids, labels = clustering
    files = {
        file_of(
            choice, split(vectors, part), centroids=centroids, labels=known, training=vectors, threads=threads
        )
        for threads, part, known in (
            (1, 4_096, labels),
            (2, 4_096, None),
            (4, 1_000, labels),
        )
    }
    assert len(files) == 1


def test_bytes_do_not_depend_on_threads_when_the_lists_are_trained_here(vectors):
    choice = sizing.choose(len(vectors), DIM, GIB, "ivf_flat")
    few = vectors[:5]
    files = {
        file_of(choice, split(vectors), centroids=few, training=vectors, seed=9, threads=threads)
        for threads in (1, 2, 4)
    }
    assert len(files) == 1


FILLED = ("ivf_flat", "ivf_sq8", "ivf_pq")


@pytest.mark.parametrize("held", [1, 50_000])  # bytes; pieces of one block, and of several
@pytest.mark.parametrize("kind", FILLED)
def test_a_filled_file_is_what_faiss_writes(kind, held, vectors, clustering, monkeypatch):
    monkeypatch.setattr(list_filling, "BUFFER_BYTES", held)
    for used in (100, 30):  # lists that are not empty: FAISS writes the sizes of few of them in another way
        labels = clustering[1] % used
        choice = sizing.choose(len(vectors), DIM, GIB, kind, clusters=100)
        known = {"centroids": clustering[0], "labels": labels, "training": vectors}
        written = file_of(choice, split(vectors, 1_000), **known)
        assert written == as_faiss(written, vectors, labels).tobytes()


@pytest.mark.parametrize("kind", sizing.KINDS[:3])
def test_rows_without_an_embedding_are_left_out_as_faiss_removes_them(kind, vectors, clustering):
    missing = np.array([1, 2, 77, 5_000, 10_999, 11_000])
    choice = sizing.choose(len(vectors), DIM, GIB, kind, clusters=100)
    known = {"centroids": clustering[0], "labels": clustering[1], "training": vectors}
    whole, written = (file_of(choice, split(vectors), gone, **known) for gone in (NONE, missing))
    removed = faiss.deserialize_index(np.frombuffer(whole, np.uint8))
    removed.remove_ids(missing)
    assert written == faiss.serialize_index(removed).tobytes()


def as_faiss(written, vectors, labels):
    """Return the same index, emptied and filled by FAISS, as FAISS writes it."""
    twin = faiss.deserialize_index(np.frombuffer(written, np.uint8))
    twin.reset()
    ids, lists = np.arange(1, len(vectors) + 1), labels.astype(np.int64)
    twin.add_core(len(vectors), *map(faiss.swig_ptr, (vectors, ids, lists)))
    return faiss.serialize_index(twin)


@pytest.mark.parametrize("kind", FILLED)
def test_a_mapped_index_finds_what_one_that_is_held_does(kind, vectors, clustering, tmp_path, monkeypatch):
    monkeypatch.setattr(probes, "MAPPED_BYTES", 10_000)  # lists in many stretches
    choice = dataclasses.replace(sizing.choose(len(vectors), DIM, GIB, kind, clusters=100), nprobe=1)
    known = {"centroids": clustering[0], "labels": clustering[1], "training": vectors}
    truth = recall.exact_neighbours(vectors[:300], split(vectors), probes.KNOWN)
    index.build(choice, lambda: split(vectors), tmp_path / "index", **known)
    found = []
    for read in (inverted_file.opened, lambda path: faiss.read_index(str(path))):
        made = read(tmp_path / "index")
        made.nprobe = 1
        found.append((recall.calibrate(made, vectors[:300], *truth), made.nprobe))
        found[-1] += (recall.measured(made, vectors[:300], truth[0]),)
    assert found[0] == found[1]
    assert len(inverted_file.stretches(inverted_file.opened(tmp_path / "index"), 10_000)) > 10


def crowded(rows):
    """Return queries, and rows of which many are as far from one of them, but for rounding."""
    random, queries = np.random.default_rng(8), blobs(20)
    aside = random.standard_normal((rows, DIM))
    nearest = queries[np.arange(rows) % 20].astype(np.float64)
    aside -= nearest * (aside * nearest).sum(axis=1, keepdims=True)
    aside /= np.linalg.norm(aside, axis=1, keepdims=True)
    return queries, (0.9 * nearest + 0.19**0.5 * aside).astype(np.float32)


@pytest.mark.parametrize("known", [10, probes.KNOWN])
@pytest.mark.parametrize("crowd", [False, True])
@pytest.mark.parametrize("kind", FILLED)
def test_lists_that_are_read_once_give_what_a_new_search_gives(kind, crowd, known, vectors, tmp_path):
    queries, rows = crowded(11_000) if crowd else (vectors[:300], vectors)
    centroids = kmeans.train(rows, 100, 8).centroids
    choice = sizing.choose(len(rows), DIM, GIB, kind, clusters=100)
    made = index.build(choice, lambda: split(rows), tmp_path / "index", centroids=centroids, training=rows)
    ids, similarities = recall.exact_neighbours(queries, split(rows), known)
    with one_thread_each(2) as pool:
        growing = probes.Probes(made, queries, ids, similarities, pool)
        for made.nprobe in (1, 2, 4, 8, 50, 100):
            anew = probes.search(made, queries)[1]
            assert recall.recall_at_10(growing.found(), ids) == recall.recall_at_10(anew, ids)


def test_lists_are_not_searched_where_the_true_neighbours_tell_what_is_found(
    vectors, clustering, tmp_path, monkeypatch
):
    choice = sizing.choose(len(vectors), DIM, GIB, "ivf_flat", clusters=100)
    known = {"centroids": clustering[0], "labels": clustering[1]}
    made = index.build(choice, lambda: split(vectors), tmp_path / "index", **known)
    truth = recall.exact_neighbours(vectors[:300], split(vectors), probes.KNOWN)
    searched = []
    search = made.search_preassigned
    monkeypatch.setattr(
        made, "search_preassigned", lambda *given: searched.append(len(given[0])) or search(*given)
    )
    with one_thread_each(1) as pool:
        probes.Probes(made, vectors[:300], *truth, pool).found()
    assert sum(searched) < 30  # of 300 queries


@pytest.mark.parametrize("kind", FILLED)
def test_each_id_is_found_in_the_list_of_its_label(kind, vectors, clustering, tmp_path, monkeypatch):
    monkeypatch.setattr(inverted_file, "READ_BYTES", 50_000)
    choice = sizing.choose(len(vectors), DIM, GIB, kind, clusters=100)
    known = {"centroids": clustering[0], "labels": clustering[1], "training": vectors}
    made = index.build(choice, lambda: split(vectors), tmp_path / "index", **known)
    ids = np.array([[1, 11_000, -1], [5_000, 1, 11_001]])
    labels = clustering[1]
    expected = [[labels[0], labels[-1], -1], [labels[4_999], labels[0], -1]]
    assert np.array_equal(inverted_file.lists_of(made, ids), expected)


def test_recall_is_reached_and_survives_the_file(built, vectors):
    choice, made, path = built
    queries = blobs(300, seed=4)
    truth, similarities = recall.exact_neighbours(queries, split(vectors))
    effort, share = recall.calibrate(made, queries, truth, similarities, threads=2)
    # ivf_pq keeps 4 bits per dimension: no nprobe can bring back the order that the codes have lost.
    assert share >= (0.8 if choice.kind == "ivf_pq" else 0.95)
    index.finish(made, path, NONE)
    loaded = faiss.read_index(str(path))
    assert recall.recall_at_10(loaded.search(queries, 10)[1], truth) == share
    if choice.kind.startswith("ivf"):
        assert loaded.nprobe == effort > 1
        assert loaded.nlist == 100


def test_calibration_stops_where_codes_not_lists_lose_neighbours(vectors, built):
    choice, made, _ = built
    if choice.kind == "ivf_pq":
        truth = recall.exact_neighbours(vectors[:200], split(vectors))
        assert recall.calibrate(made, vectors[:200], *truth)[0] < 100


def test_searching_an_indexed_row_gives_its_one_based_id(built, vectors):
    made = built[1]
    rows = [0, 1, 4_095, 4_096, 10_999]
    found = made.search(vectors[rows], 10)[1]
    assert made.ntotal == len(vectors)
    assert all(row + 1 in ids for row, ids in zip(rows, found.tolist(), strict=True))
    assert found.min() >= 1
    assert found.max() <= 11_000


@pytest.mark.parametrize("rows", [1, 2, 9, 39, 40, 100])
@pytest.mark.parametrize("kind", ["auto", "flat", "ivf_flat", "ivf_sq8", "hnsw"])
def test_a_handful_of_rows_makes_an_index(rows, kind):
    vectors = blobs(rows)
    k = sizing.automatic_k(rows)
    centroids = kmeans.train(vectors, k).centroids
    labels = assign(vectors, centroids)[0]
    choice = sizing.choose(rows, DIM, GIB, kind, clusters=k)
    built = build(choice, [vectors], centroids=centroids, labels=labels, training=vectors)
    truth = recall.exact_neighbours(vectors, [vectors], probes.KNOWN)
    assert recall.calibrate(built, vectors, *truth)[1] >= 0.95


def test_identical_rows_make_an_index():
    vectors = np.tile(blobs(1), (500, 1))
    choice = sizing.choose(500, DIM, GIB, "ivf_flat")
    built = build(choice, [vectors], training=vectors)
    assert (built.search(vectors[:1], 10)[1] > 0).all()


def test_training_is_asked_for_only_where_it_is_needed(vectors, clustering):
    centroids, _ = clustering
    for kind in sizing.KINDS:
        choice = sizing.choose(len(vectors), DIM, GIB, kind)
        for some, given in ((centroids, 100), (centroids[:9], 9)):
            if sizing.needs_training(choice, given):
                with pytest.raises(SpecError, match=r"training=None, but .*; pass `training`"):
                    build(choice, [vectors], centroids=some)
            else:
                build(choice, [vectors[:1_000]], centroids=some)
    assert not sizing.needs_training(sizing.choose(1_000_000, 128, GIB), 1_000)


def test_labels_that_do_not_match_are_refused(vectors, clustering):
    choice, (centroids, labels) = sizing.choose(11_000, DIM, GIB, "ivf_flat", 100), clustering
    for blocks, some in (
        (split(vectors, 1_000), labels[:1_000]),
        (split(vectors, 1_000), labels[:1_500]),
        ([vectors[:1_000]], labels),
    ):
        with pytest.raises(StageError, match=r"labels for \d+ rows .* run it again"):
            build(choice, blocks, centroids=centroids, labels=some)
    with pytest.raises(StageError, match=r"labels 0\.\.100 are not within 0\.\.99"):
        build(choice, [vectors], centroids=centroids, labels=np.where(labels == 99, 100, labels))


@pytest.mark.parametrize("kind", ["flat", "ivf_flat", "hnsw"])
def test_a_value_that_is_not_finite_is_refused_not_dropped(kind, vectors, clustering):
    bad = vectors.copy()
    bad[3, 2] = np.nan
    with pytest.raises(StageError, match="row 3 of the vectors"):
        build(
            sizing.choose(11_000, DIM, GIB, kind, 100), [bad], centroids=clustering[0], labels=clustering[1]
        )


def test_no_rows_make_no_index():
    with pytest.raises(SpecError, match="no rows to index; generate"):
        build(sizing.choose(1, DIM, GIB), [])


def test_an_index_that_cannot_be_written_whole_raises_the_error_of_the_system(tmp_path):
    for rows in (5, 3_000):  # one that fails when the file is closed, one that fails on the way
        built = build(sizing.choose(rows, 128, GIB), [blobs(rows, 128)])
        with pytest.raises(OSError, match="No space left on device"):
            index.write(built, Path("/dev/full"))
    lists = {"centroids": blobs(40), "labels": np.arange(3_000, dtype=np.int32) % 40}
    with pytest.raises(OSError, match="No space left on device"):
        choice = sizing.choose(3_000, DIM, GIB, "ivf_flat", 40)
        index.build(choice, lambda: [blobs(3_000)], Path("/dev/full"), **lists)
    with pytest.raises(FileNotFoundError, match="missing"):
        index.write(built, tmp_path / "missing" / "index")


@pytest.mark.parametrize("part", [700, 1_024, 16_384])
def test_exact_neighbours_are_those_of_the_definition(part, vectors):
    queries = blobs(300, seed=5)
    ids, similarities = recall.exact_neighbours(queries, split(vectors, part))
    true_ids, true = exact(vectors, queries)
    assert ids.dtype == np.int64
    assert similarities.dtype == np.float32
    assert np.allclose(similarities, true, atol=1e-6)
    assert recall.recall_at_10(ids, true_ids) > 0.999  # float32 may order two neighbours 1e-7 apart otherwise
    assert (np.diff(similarities, axis=1) <= 0).all()


def test_exact_neighbours_do_not_depend_on_threads(vectors):
    queries = blobs(600, seed=5)
    results = [recall.exact_neighbours(queries, split(vectors), threads=threads) for threads in (1, 2, 4)]
    for ids, similarities in results[1:]:
        assert np.array_equal(ids, results[0][0])
        assert np.array_equal(similarities, results[0][1])


def test_among_equals_the_lower_id_comes_first():
    distinct = blobs(40)
    vectors = np.tile(distinct, (100, 1))  # row r repeats row r mod 40; the repeats lie in several blocks
    ids, _ = recall.exact_neighbours(distinct, split(vectors, 1_500))
    assert np.array_equal(ids, np.arange(1, 41)[:, None] + 40 * np.arange(10)[None])


@pytest.mark.parametrize("rows", [1, 3, 9])
def test_fewer_rows_than_neighbours_are_padded(rows):
    vectors = blobs(rows)
    ids, similarities = recall.exact_neighbours(vectors, [vectors])
    assert (np.sort(ids[:, :rows], axis=1) == np.arange(1, rows + 1)).all()
    assert (ids[:, rows:] == -1).all()
    assert (similarities[:, rows:] == -np.inf).all()
    assert recall.recall_at_10(ids, ids) == 1


def test_recall_counts_found_neighbours_and_ignores_padding():
    assert recall.recall_at_10(np.array([[1, 2, -1]]), np.array([[2, 3, -1]])) == 0.5
    assert recall.recall_at_10(np.array([[-1, -1]]), np.array([[5, -1]])) == 0
    assert recall.recall_at_10(np.arange(10, 0, -1)[None], np.arange(1, 11)[None]) == 1
    assert recall.recall_at_10(np.full((1, 10), -1), np.full((1, 10), -1)) == 1
    assert recall.recall_at_10(np.arange(12)[None], np.arange(12)[None]) == 1


def test_calibration_stops_at_the_whole_index_when_recall_is_out_of_reach(vectors, clustering):
    centroids, labels = clustering
    built = build(
        sizing.choose(11_000, DIM, GIB, "ivf_flat", 100), split(vectors), centroids=centroids, labels=labels
    )
    nonsense = np.full((20, 10), 10**9), np.ones((20, 10), np.float32)
    assert recall.calibrate(built, vectors[:20], *nonsense) == (100, 0.0)
    assert built.nprobe == 100
    flat = build(sizing.choose(50, DIM, GIB), [vectors[:50]])
    assert recall.calibrate(flat, vectors[:20], *nonsense) == (1, 0.0)
