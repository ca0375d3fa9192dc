"""Lists of an index, filled in parts of its rows and laid out to the file of all rows at once."""

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from synthprof.base.digests import xxh128
from synthprof.base.errors import Damaged, StageError
from synthprof.similarity import index, list_filling, probes, recall
from synthprof.similarity.nearest_centroid import assign
from synthprof.spec import sizing

ROWS, DIM, LISTS = 9_000, 16, 40
CUTS = (0, 4_096, 4_096, 5_000, ROWS)
"""Where the parts begin and end; one of them has no row."""


@pytest.fixture(scope="module")
def vectors() -> NDArray[np.float32]:
    random = np.random.default_rng(3)
    found = random.standard_normal((30, DIM))[random.integers(0, 30, ROWS)]
    found += 0.4 * random.standard_normal((ROWS, DIM))
    found[100:400] = found[7_000]  # as near as each other in several parts
    return (found / np.linalg.norm(found, axis=1, keepdims=True)).astype(np.float32)


def _trained(kind: str, vectors: NDArray[np.float32], folder: Path) -> tuple[Any, dict[str, Any]]:
    choice = sizing.choose(ROWS if kind != "ivf_pq" else 20_000, DIM, 2**30, kind, clusters=LISTS)
    known = {"centroids": vectors[:LISTS], "training": np.concatenate([vectors, vectors])}
    index.write(index.train(choice, **known), folder / "trained")
    return choice, known


def _parts(folder: Path, vectors: NDArray[np.float32], labels: NDArray[np.int32]) -> dict[Path, str]:
    trained = index.read_trained(folder / "trained")
    parts: dict[Path, str] = {}
    for first, end in pairwise(CUTS):
        path = folder / f"part-{len(parts)}"
        blocks = (vectors[each : min(each + 1_000, end)] for each in range(first, end, 1_000))
        list_filling.fill_part(trained, blocks, labels[first:end], path, first + 1)
        parts[path] = xxh128(path)
    return parts


@pytest.mark.parametrize(
    "held", [1, 20_000, 2**26]
)  # bytes; lists that have no room, some at a time, all at once
@pytest.mark.parametrize("kind", ["ivf_flat", "ivf_sq8", "ivf_pq"])
def test_parts_are_laid_out_to_the_file_of_all_rows(
    kind: str, held: int, vectors: NDArray[np.float32], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(list_filling, "BUFFER_BYTES", held)
    choice, known = _trained(kind, vectors, tmp_path)
    for used in (LISTS, LISTS // 3):  # FAISS writes the sizes of few lists in another way
        labels = assign(vectors, vectors[:LISTS])[0] % used
        index.build(choice, lambda: [vectors], tmp_path / "whole", labels=labels, **known)
        parts, told = _parts(tmp_path, vectors, labels), dict[int, int]()
        trained, made = index.read_trained(tmp_path / "trained"), tmp_path / "made"
        list_filling.lay_out(trained, parts, made, told.__setitem__)
        assert made.read_bytes() == (tmp_path / "whole").read_bytes()
        assert max(told.items()) == (ROWS, ROWS)


@pytest.mark.parametrize("place", [0, 7, 5_000, -1])
@pytest.mark.parametrize("cut", [False, True])
def test_a_part_that_changed_is_named(
    place: int, cut: bool, vectors: NDArray[np.float32], tmp_path: Path
) -> None:
    _trained("ivf_flat", vectors, tmp_path)
    parts = _parts(tmp_path, vectors, assign(vectors, vectors[:LISTS])[0])
    path = tmp_path / "part-2"
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.write_bytes(data[:place] if cut else data)
    with pytest.raises(Damaged) as found:
        list_filling.lay_out(index.read_trained(tmp_path / "trained"), parts, tmp_path / "made")
    assert found.value.paths == (path,)


def test_labels_that_name_no_list_are_refused(vectors: NDArray[np.float32], tmp_path: Path) -> None:
    _trained("ivf_flat", vectors, tmp_path)
    trained, labels = index.read_trained(tmp_path / "trained"), np.full(10, LISTS, np.int32)
    with pytest.raises(StageError, match=f"labels {LISTS}..{LISTS} are not within 0..{LISTS - 1}"):
        list_filling.fill_part(trained, [vectors[:10]], labels, tmp_path / "part", 1)


@pytest.mark.parametrize("k", [3, probes.KNOWN, 5_000])
def test_neighbours_of_parts_are_those_of_all_rows(k: int, vectors: NDArray[np.float32]) -> None:
    queries = vectors[[0, 100, 7_000, 8_999]]
    parts = (
        recall.nearest_rows(queries, [vectors[first:end]], k, first_id=first + 1)
        for first, end in pairwise(CUTS)
    )
    found = recall.nearest_of_all(parts, len(queries), k)
    for part, whole in zip(found, recall.exact_neighbours(queries, [vectors], k), strict=True):
        assert np.array_equal(part, whole)
