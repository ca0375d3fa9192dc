"""The index that a search reads: proven, mapped, or not there."""

import shutil
from pathlib import Path

import pytest
from searched import TEXT, ids_of, searcher_of

from synthprof.base.errors import SpecError, StageError
from synthprof.similarity import inverted_file
from synthprof.similarity.recall import with_effort
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
    for nprobe in (2, 3):
        searcher.search(vector, 10, with_effort("nprobe", nprobe))
        assert len(searcher._opened.proven) == nprobe


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
