"""BLOBs read back from the pages that they were laid out on."""

from pathlib import Path

import numpy as np
import pytest

from synthprof.spec.contents import BLOB_PAGE_BYTES
from synthprof.store.sqlite import pages, stored_blobs
from synthprof.store.sqlite.blobs import append_blobs
from synthprof.store.sqlite.database import filling
from synthprof.store.sqlite.stored_blobs import stored_blobs as read_back


def _made(path: Path, sizes: list[int], width: int) -> list[np.ndarray]:
    random = np.random.default_rng(1)
    matrices = [random.standard_normal((rows, width)).astype("<f4") for rows in sizes]
    with filling(path, BLOB_PAGE_BYTES) as database:
        database.execute("CREATE TABLE a (id INTEGER PRIMARY KEY, b BLOB)")
    append_blobs(path, matrices)
    return matrices


@pytest.mark.parametrize(
    ("sizes", "width"),
    [([1], 4), ([100], 64), ([200, 3], 128), ([16_384, 16_384, 300], 16), ([127, 1, 1], 8_000)],
)
def test_each_matrix_is_read_back_as_it_was(tmp_path: Path, sizes: list[int], width: int) -> None:
    """One page alone, ids whose varints grow, more pages than are read at once, and one row on a page."""
    matrices = _made(tmp_path / "a.db", sizes, width)
    for place, matrix in enumerate(matrices):
        found = read_back(tmp_path / "a.db", 4 * width, sizes, place).view("<f4")
        assert np.array_equal(found, matrix)


def test_the_page_that_sqlite_locks_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for place in (3, 6, 20):
        for module in (pages, stored_blobs):
            monkeypatch.setattr(module, "LOCK_BYTES", place * BLOB_PAGE_BYTES)
        path = tmp_path / f"{place}.db"
        matrices = _made(path, [600, 600, 600], 128)
        for number, matrix in enumerate(matrices):
            assert np.array_equal(read_back(path, 512, [600] * 3, number).view("<f4"), matrix)


def test_a_table_of_other_rows_is_refused(tmp_path: Path) -> None:
    _made(tmp_path / "a.db", [300, 300], 64)
    with pytest.raises(ValueError, match="ids 251 to 600 are not where they belong"):
        read_back(tmp_path / "a.db", 256, [250, 350], 1)
    with pytest.raises(ValueError, match="it ends before page"):
        read_back(tmp_path / "a.db", 256, [300, 30_000], 1)
