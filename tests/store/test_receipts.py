"""Receipts of shards: which of them tell together what a stage did."""

from pathlib import Path

import pytest

from synthprof.base.errors import StageError
from synthprof.store.receipts import Receipt, ended, read_receipts, write_receipt

BLOCKS = 10


def _leave(folder: Path, shard: tuple[int, int] | None, rejected: int = 0) -> None:
    first, end = shard or (0, BLOCKS)
    receipt = Receipt(
        stage="vectorize", version=1, spec="", shard=shard, rows=end - first, rejected=rejected, seconds=1.0,
        cpu_seconds=1.0, peak_memory=0, files=(), details={}, pid=0,
    )  # fmt: skip
    write_receipt(folder, receipt)


def test_of_two_attempts_with_other_shards_each_row_is_counted_once(tmp_path: Path) -> None:
    _leave(tmp_path, (0, 5), rejected=1)  # of an attempt with two shards, the other of which has failed
    for shard, rejected in {(0, 3): 0, (3, 6): 1, (6, 10): 0}.items():  # of the next one, with three
        _leave(tmp_path, shard, rejected)
    found = read_receipts(tmp_path, BLOCKS)
    assert [receipt.shard for receipt in found] == [(0, 3), (3, 6), (6, 10)]
    assert (sum(each.rows for each in found), sum(each.rejected for each in found)) == (BLOCKS, 1)


def test_the_receipt_of_all_blocks_goes_before_those_of_shards(tmp_path: Path) -> None:
    for shard in ((0, 5), (5, 10), None):
        _leave(tmp_path, shard)
    assert [receipt.shard for receipt in read_receipts(tmp_path, BLOCKS)] == [None]


def test_shards_that_overlap_or_leave_a_gap_are_not_the_whole_stage(tmp_path: Path) -> None:
    for shard in ((0, 3), (2, 6), (6, 10)):
        _leave(tmp_path, shard)
    assert ended(tmp_path, BLOCKS) == ()
    with pytest.raises(StageError, match="has only 3 of 10 blocks; run that stage again"):
        read_receipts(tmp_path, BLOCKS)
