"""The same bytes wherever the work was cut, and of versions that were made in other parts."""

from pathlib import Path
from typing import Any

import pytest

from synthprof.delivery.exports import job, parts, registry
from synthprof.delivery.exports.job import export
from synthprof.delivery.exports.order import Order
from synthprof.runner.run import run_all
from synthprof.spec.request import Request
from synthprof.store import outputs

GROWN = ("jsonl", "csv", "npy", "fvecs", "fbin", "i8bin")
WHOLE = ("parquet", "arrow")


class Cut(Exception):
    """The work ends here."""


@pytest.mark.parametrize("name", [*GROWN, *WHOLE])
def test_an_export_that_is_cut_after_each_block_goes_on_and_gives_the_same_bytes(
    exported: Any, monkeypatch: pytest.MonkeyPatch, three_blocks: Path, name: str
) -> None:
    """Each time a step further: first in the second block, then in the last."""
    columns = {"columns": "id,cluster_id"} if "columns" in registry.load(name).takes else {"space": "vector"}
    monkeypatch.setattr(parts, "GROUPS", 1)
    monkeypatch.setattr(parts, "GROUP_BYTES", 1)
    _, wanted = exported(format=name, **columns)
    monkeypatch.setattr(job, "EXPORTS", "cut")
    monkeypatch.setattr(outputs, "CHECKPOINT_BYTES", 1)
    order = Order.from_params({"dataset": "three", "format": name, **columns})

    seen: list[int] = []

    def cut_at(rows: int) -> Any:
        def observe(_stage: str, done: int, _total: int, *_: Any) -> None:
            seen.append(done)
            if done >= rows:
                raise Cut

        return observe

    for rows in (32_768, 33_000):
        with pytest.raises(Cut):
            export(three_blocks, order, cut_at(rows))
    _, found = export(three_blocks, order, cut_at(10**9))
    assert seen.count(16_384) == 1, "it goes on from a checkpoint, not from the start"
    assert {file.path: file.sha256 for file in found.files} == {
        file.path: file.sha256 for file in wanted.files
    }


@pytest.mark.long
@pytest.mark.parametrize("name", ["parquet", "csv", "u8bin"])
def test_a_version_that_was_made_in_other_parts_has_the_same_exports(
    exported: Any, made_in_parts: Path, name: str
) -> None:
    order = Order.from_params({"dataset": "three", "format": name})
    folder, found = export(made_in_parts, order)
    assert found == exported(format=name)[1]
    assert all((folder / file.path).is_file() for file in found.files)


@pytest.fixture(scope="module")
def made_in_parts(tmp_path_factory: pytest.TempPathFactory, params: dict[str, Any]) -> Path:
    """The same version by two workers in two shards."""
    home = tmp_path_factory.mktemp("parts")
    run_all(Request.from_params(params | {"workers": 2, "shards": 2}), home)
    return home
