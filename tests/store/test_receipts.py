"""Receipts of shards: which of them tell together what a stage did."""

from collections.abc import Callable
from pathlib import Path

import pytest

from synthprof.base.errors import StageError
from synthprof.spec.shards import Shard
from synthprof.store.receipts import Receipt, ended, read_receipt, read_receipts, receipt_name, write_receipt

BLOCKS = 10


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A stage's folder in the build of the spec that the receipts name."""
    path = tmp_path / "0123" / "vectorize-abcd"
    path.mkdir(parents=True)
    return path


def _leave(folder: Path, shard: tuple[int, int] | None, rejected: int = 0) -> None:
    first, end = shard or (0, BLOCKS)
    receipt = Receipt(
        stage="vectorize", version=1, spec="0123456789", shard=shard, rows=end - first, rejected=rejected,
        seconds=1.0, cpu_seconds=1.0, peak_memory=0, files=(), details={"scores": {"inertia": 2.5}}, pid=0,
    )  # fmt: skip
    write_receipt(folder, receipt)


def test_of_two_attempts_with_other_shards_each_row_is_counted_once(folder: Path) -> None:
    _leave(folder, (0, 5), rejected=1)  # of an attempt with two shards, the other of which has failed
    for shard, rejected in {(0, 3): 0, (3, 6): 1, (6, 10): 0}.items():  # of the next one, with three
        _leave(folder, shard, rejected)
    found = read_receipts(folder, BLOCKS)
    assert [receipt.shard for receipt in found] == [(0, 3), (3, 6), (6, 10)]
    assert (sum(each.rows for each in found), sum(each.rejected for each in found)) == (BLOCKS, 1)


def test_the_receipt_of_all_blocks_goes_before_those_of_shards(folder: Path) -> None:
    for shard in ((0, 5), (5, 10), None):
        _leave(folder, shard)
    assert [receipt.shard for receipt in read_receipts(folder, BLOCKS)] == [None]


def test_shards_that_overlap_or_leave_a_gap_are_not_the_whole_stage(folder: Path) -> None:
    for shard in ((0, 3), (2, 6), (6, 10)):
        _leave(folder, shard)
    assert ended(folder, BLOCKS) == ()
    with pytest.raises(StageError, match="has only 3 of 10 blocks; run that stage again"):
        read_receipts(folder, BLOCKS)


CHANGES: dict[str, Callable[[str], str]] = {
    "another inertia": lambda text: text.replace("2.5", "2.4"),
    "another shard": lambda text: text.replace("  10\n", "  11\n"),
    "one space more": lambda text: f"{text} ",
    "no seal, as up to version 0.2": lambda text: text[: text.rindex(",")] + "\n}",
    "half of it": lambda text: text[: len(text) // 2],
    "nothing": lambda _: "",
}
"""Damage to a receipt's text, some of it still JSON."""


@pytest.mark.parametrize("change", CHANGES)
def test_a_receipt_that_is_not_as_it_was_written_does_not_count(folder: Path, change: str) -> None:
    _leave(folder, (0, BLOCKS))
    path = folder / receipt_name((0, BLOCKS))
    text = path.read_text()
    assert ended(folder, BLOCKS)
    path.write_text(CHANGES[change](text))
    assert path.read_text() != text
    assert ended(folder, BLOCKS) == ()
    assert read_receipt(folder, Shard(0, BLOCKS)) is None


@pytest.mark.parametrize(
    "place", ["0123/cluster-abcd/receipt.json", "4567/vectorize-abcd/receipt.json", "a shard's name"]
)
def test_a_sound_receipt_proves_nothing_in_another_place(folder: Path, place: str) -> None:
    _leave(folder, None)
    elsewhere = folder / receipt_name((0, BLOCKS)) if "shard" in place else folder.parents[1] / place
    elsewhere.parent.mkdir(parents=True, exist_ok=True)
    (folder / "receipt.json").rename(elsewhere)
    assert ended(elsewhere.parent, BLOCKS) == ()
