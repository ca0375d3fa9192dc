"""The ids that an index must hold, once each."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import faiss
import numpy as np
import pytest

from synthprof.runner.run import run_all
from synthprof.similarity import inverted_file
from synthprof.spec.contents import INDEX
from synthprof.spec.request import Request
from synthprof.versions.verify_index import index_faults
from synthprof.versions.version import Version, open_version

ROWS = 700
PARAMS: dict[str, Any] = {
    **{"dataset": "held", "profiles": ROWS, "clusters": 4, "kmeans_niter": 2, "dim_embedding": 24},
    **{"dim_vector": 20, "index": "ivf_flat", "workers": 1},
}


@pytest.fixture(scope="module")
def version(tmp_path_factory: pytest.TempPathFactory) -> Version:
    home = tmp_path_factory.mktemp("held")
    run_all(Request.from_params(PARAMS), home)
    return open_version(home, "held")


def test_the_lists_of_an_index_are_read_where_they_lie(version: Version) -> None:
    index = inverted_file.opened(version.folder / INDEX)
    assert inverted_file.is_mapped(index)
    ids = np.concatenate(list(inverted_file.ids_of(index)))
    assert sorted(ids.tolist()) == list(range(1, ROWS + 1))
    assert list(index_faults(version, index)) == []


@pytest.mark.parametrize(
    "change",
    [lambda ids: ids[1], lambda ids: 0, lambda ids: ROWS + 1, lambda ids: -1],
    ids=["twice", "zero", "too large", "negative"],
)
def test_an_index_with_another_id_is_found(
    version: Version, change: Callable[[Any], int], tmp_path: Path
) -> None:
    index = faiss.read_index(str(version.folder / INDEX))
    number = next(each for each in range(index.nlist) if index.invlists.list_size(each) > 1)
    ids = faiss.rev_swig_ptr(index.invlists.get_ids(number), index.invlists.list_size(number))
    ids[0] = change(ids)
    faiss.write_index(index, str(tmp_path / INDEX))
    (fault,) = index_faults(version, inverted_file.opened(tmp_path / INDEX))
    assert "does not hold the ids" in fault
