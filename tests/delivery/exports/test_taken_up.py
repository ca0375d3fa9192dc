"""Work that was cut short goes on from its last checkpoint, and gives the files of one that was not."""

import shutil
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from synthprof.delivery.exports import lance, parts, pgvector
from synthprof.delivery.exports.job import export
from synthprof.delivery.exports.order import Order
from synthprof.delivery.rows import Rows
from synthprof.store import outputs
from synthprof.store.outputs import OUTPUT


class Cut(Exception):
    """Stands for the end of the process."""


@pytest.fixture(autouse=True)
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outputs, "CHECKPOINT_BYTES", 1)
    monkeypatch.setattr(parts, "GROUPS", 1)
    monkeypatch.setattr(parts, "GROUP_BYTES", 1)
    monkeypatch.setattr(pgvector, "PART_BLOCKS", 2)
    monkeypatch.setattr(lance, "FRAGMENT_BLOCKS", 1)


def _cut_once_then_whole(home: Path, order: Order) -> tuple[Path, list[int]]:
    """The folder of an export that is cut after its second step, and what was told once it went on."""

    def cut(_: str, done: int, __: int) -> None:
        if done > 20_000:
            raise Cut

    with pytest.raises(Cut):
        export(home, order, cut)
    told: list[int] = []
    folder, _ = export(home, order, lambda _, done, __: told.append(done))
    return folder, told


@pytest.mark.parametrize("form", ["huggingface", "opensearch-bulk", "pgvector"])
def test_bytes_do_not_depend_on_where_the_work_was_cut(three_blocks: Path, form: str) -> None:
    order = Order(dataset="three", format=form, columns="idade, jogos_favoritos, embedding")
    whole, output = export(three_blocks, order)
    before = {file.path: (whole / file.path).read_bytes() for file in output.files}
    shutil.rmtree(whole)
    again, told = _cut_once_then_whole(three_blocks, order)
    assert told[0] > 16_384, "the first block is not written again"
    after = {path.relative_to(again).as_posix(): path for path in again.rglob("*") if path.is_file()}
    assert after.pop(OUTPUT)
    assert {name: path.read_bytes() for name, path in after.items()} == before
    shutil.rmtree(again)


def test_a_lance_data_set_holds_the_rows_wherever_it_was_cut(three_blocks: Path, version: Any) -> None:
    pylance = pytest.importorskip("lance")
    order = Order(dataset="three", format="lance", columns="idade, jogos_favoritos, embedding")
    folder, told = _cut_once_then_whole(three_blocks, order)
    assert told == [33_000]
    found = pylance.dataset(str(folder / "rows.lance"))
    assert len(found.get_fragments()) == 3
    wanted = pa.Table.from_batches(list(Rows(version, order.names)))
    assert found.to_table().equals(wanted)
    assert not list(folder.glob("fragment-*"))
    shutil.rmtree(folder)
