"""The index that a search reads: proven, mapped, or not there."""

import itertools
import shutil
from pathlib import Path

import numpy as np
import pytest
from searched import KINDS, TEXT, ids_of, searcher_of

from synthprof.base.errors import SpecError, StageError
from synthprof.similarity import inverted_file
from synthprof.similarity.recall import effort, with_effort
from synthprof.versions.open_index import open_index
from synthprof.versions.search import search_similar, search_text
from synthprof.versions.searcher import Query, open_searcher
from synthprof.versions.version import Version, open_version


def test_an_index_is_read_only_if_it_is_the_one_in_the_manifest(home: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(home, copy, symlinks=True)
    path = copy / "flat" / "CURRENT" / "index.faiss"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(StageError, match="differs from its checksum"):
        search_text(searcher_of(copy), TEXT)
    assert search_text(searcher_of(copy), TEXT, Query(exact=True)).hits
    version = open_version(copy, "flat")
    known = tuple(file for file in version.manifest.files if file.path != "index.faiss")
    unknown = Version(version.folder, version.manifest.model_copy(update={"files": known}))
    with pytest.raises(SpecError, match="has no index; search with --exact"):
        search_text(open_searcher(unknown), TEXT)


@pytest.mark.parametrize("place", [60, 0.3, -1])  # before the lists, and in lists: of 30, all are read
def test_a_search_proves_what_it_reads_of_an_index(home: Path, tmp_path: Path, place: float) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(home / "ivf_flat", copy / "ivf_flat", symlinks=True)
    path = copy / "ivf_flat" / "CURRENT" / "index.faiss"
    data = bytearray(path.read_bytes())
    data[int(place * len(data)) if 0 < place < 1 else int(place)] ^= 1
    path.write_bytes(data)
    with pytest.raises(StageError, match="differs from its checksum"):
        search_similar(searcher_of(copy, "ivf_flat"), 1)


def test_a_sound_index_is_mapped_and_each_list_is_proven_when_it_is_read(home: Path) -> None:
    searcher = searcher_of(home, "ivf_flat")
    assert inverted_file.is_mapped(searcher.index)
    vector = searcher.version.embeddings(1, 1)
    stored, every = searcher.index.nprobe, searcher.index.nlist
    read = [len(searcher._opened.proven) for _ in searcher.growing(vector, 10, 1)]
    assert read == [*itertools.takewhile(lambda lists: lists < every, (stored << n for n in range(9))), every]


@pytest.mark.parametrize("threads", [1, 2, 5])
@pytest.mark.parametrize("dataset", KINDS)
def test_growing_effort_finds_what_one_search_with_that_effort_finds(home: Path, dataset: str, threads: int):
    searcher = searcher_of(home, dataset)
    vector, index = np.ascontiguousarray(searcher.version.embeddings(7, 7)), searcher.index
    target, name, most = effort(index)
    spent = getattr(target, name) if name else most
    for squared, ids in open_index(searcher.version).growing(vector, 10, 1, threads):
        wanted = index.search(vector, 10, params=with_effort(name, spent))
        assert (squared.tolist(), ids.tolist()) == (wanted[0].tolist(), wanted[1].tolist())
        spent = min(2 * spent, most)
    assert spent == most


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("dataset", ["flat", "ivf_flat", "ivf_sq8"])
def test_allowed_rows_are_found_in_any_list(home: Path, dataset: str, threads: int) -> None:
    searcher, allowed = searcher_of(home, dataset), np.array([1, 5, 6, 30, 55])
    vector = np.ascontiguousarray(searcher.version.embeddings(7, 7))
    _, ids = open_index(searcher.version).among(vector, 5, allowed, threads)
    assert sorted(ids[0].tolist()) == allowed.tolist()


def test_an_index_without_proofs_is_compared_as_a_whole(home: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(home / "ivf_flat", copy / "ivf_flat", symlinks=True)
    version = open_version(copy, "ivf_flat")
    stages = tuple(each.model_copy(update={"details": {}}) for each in version.manifest.stages)
    earlier = Version(version.folder, version.manifest.model_copy(update={"stages": stages}))
    wanted = [hit.id for hit in search_similar(open_searcher(version), 1)]
    assert [hit.id for hit in search_similar(open_searcher(earlier), 1)] == wanted
    data = bytearray((version.folder / "index.faiss").read_bytes())
    data[-1] ^= 1
    (version.folder / "index.faiss").write_bytes(data)
    with pytest.raises(StageError, match="differs from its checksum"):
        search_similar(open_searcher(earlier), 1)


def test_a_version_without_an_index_is_searched_exactly(home: Path) -> None:
    bare = searcher_of(home, "bare")
    with pytest.raises(SpecError, match="build-index"):
        search_text(bare, TEXT)
    assert ids_of(search_text(bare, TEXT, Query(exact=True)).hits) == ids_of(
        search_text(searcher_of(home), TEXT).hits
    )


def test_an_encoder_without_texts_says_so_and_finds_similar_ones(home: Path) -> None:
    noise = searcher_of(home, "noise")
    with pytest.raises(SpecError, match="encoder=hashed cannot embed texts"):
        search_text(noise, TEXT)
    assert len(search_similar(noise, 1)) == 10
