"""Checks before a version is published: what a receipt does not tell is found out in the pool."""

from pathlib import Path

import pytest

from synthprof.base.errors import StageError
from synthprof.runner.run import run_all
from synthprof.spec.request import Request
from synthprof.stages import publish_checks
from synthprof.store.store import Store

ORDER = Request.from_params({"dataset": "small", "profiles": 2_000, "clusters": 4, "workers": 2})


def test_a_table_that_lacks_ids_is_not_published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looked = tmp_path / "looked"
    looked.mkdir()

    def lacking(path: Path, table: str, rows: int) -> None:
        (looked / f"{table} {rows}").touch()
        if table == "embeddings":
            raise StageError(f"{path} should hold the ids 1 to {rows}")

    monkeypatch.setattr(publish_checks, "check_ids", lacking)  # before the pool is forked
    with pytest.raises(StageError, match=r"embeddings.db should hold the ids 1 to 2000"):
        run_all(ORDER, tmp_path)
    assert not list((Store(tmp_path, "small").folder / "versions").glob("*"))
    tables = ("clusters", "embeddings", "perfis", "vetores")
    assert sorted(path.name for path in looked.iterdir()) == [f"{table} 2000" for table in tables]
