"""Folders made aside: whole or not there, the same bytes wherever the work was cut short."""

from pathlib import Path

import pytest

from synthprof.base.errors import Busy, StageError
from synthprof.store import outputs
from synthprof.store.outputs import OUTPUT, Making, Output, Place, finish, making, read_output

PARTS = [bytes([65 + number]) * 1_000 for number in range(9)]


def _begun() -> Output:
    return Output(
        kind="exports", name="x", key="0", dataset="d", version="v", content="c", options={}, rows=9
    )


def _write(work: Making, stop: int = len(PARTS)) -> None:
    for part in range(work.steps, stop):
        work.append("grown", PARTS[part])
        if part % 3 == 0:
            with work.whole(f"whole-{part}") as path:
                path.write_bytes(PARTS[part])
        work.step()


@pytest.fixture(autouse=True)
def few_bytes_between_checkpoints(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outputs, "CHECKPOINT_BYTES", 2_500)


@pytest.mark.parametrize("cut", range(len(PARTS)))
def test_bytes_do_not_depend_on_where_the_work_was_cut(tmp_path: Path, cut: int) -> None:
    place = Place(tmp_path / "exports", "x-0")
    with making(place, "x") as work:
        _write(work, cut)
        work.append("grown", b"half of a step")
        (work.folder / "left-over").write_bytes(b"of a killed step")
    assert place.output() is None
    with making(place, "x") as work:
        assert cut - 3 <= work.steps <= cut, "it goes on from a checkpoint, not from the start"
        _write(work)
        finish(place, work, _begun())
    assert (place.folder / "grown").read_bytes() == b"".join(PARTS)
    assert sorted(path.name for path in place.folder.iterdir()) == [
        OUTPUT,
        "grown",
        "whole-0",
        "whole-3",
        "whole-6",
    ]
    assert place.output() == read_output(place.folder)


def test_a_checkpoint_whose_files_were_changed_is_not_believed(tmp_path: Path) -> None:
    place = Place(tmp_path / "exports", "x-0")
    with making(place, "x") as work:
        _write(work, 6)
    grown = place.making / "grown"
    grown.write_bytes(b"z" + grown.read_bytes()[1:])
    with making(place, "x") as work:
        assert work.steps == 0
        assert not grown.exists()


def test_one_process_makes_a_folder_at_a_time(tmp_path: Path) -> None:
    place = Place(tmp_path / "exports", "x-0")
    with making(place, "x"), pytest.raises(Busy, match="x is being worked on"), making(place, "x"):
        pass


def test_a_changed_manifest_is_refused(tmp_path: Path) -> None:
    place = Place(tmp_path / "exports", "x-0")
    with making(place, "x") as work:
        _write(work)
        finish(place, work, _begun())
    manifest = place.folder / OUTPUT
    manifest.write_text(manifest.read_text().replace('"rows": 9', '"rows": 8'))
    with pytest.raises(StageError, match="make it again"):
        read_output(place.folder)
    assert place.output() is None
