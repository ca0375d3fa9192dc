"""Rows of a version whose columns have the names of vectors."""

from pathlib import Path

import pytest
from notes import make, note_rows, sqlite_of

from synthprof.base.errors import SpecError
from synthprof.delivery.exports.job import export
from synthprof.delivery.exports.order import Order
from synthprof.delivery.loaders.job import load
from synthprof.delivery.loaders.order import LoadOrder


@pytest.mark.parametrize("name", ["Embedding", "vector"])
def test_a_column_is_not_hidden_behind_vectors(tmp_path: Path, name: str) -> None:
    source = sqlite_of(tmp_path / "notes.db", note_rows(100), f"key, body, {name}, lugar")
    make(tmp_path, source, columns=f"{name},lugar", clusters=1)
    told = f"has a column '{name}', a name that vectors and archetypes have here; name the others"
    order = Order(dataset="notes", format="jsonl")
    with pytest.raises(SpecError, match=told):
        export(tmp_path, order)
    into = LoadOrder(dataset="notes", into=f"duckdb:{tmp_path}/rows.duckdb")
    with pytest.raises(SpecError, match=told):
        load(tmp_path, into)
    folder, _ = export(tmp_path, order.model_copy(update={"columns": "lugar"}))
    assert '"lugar"' in (folder / "rows.jsonl").read_text()
    assert load(tmp_path, into.model_copy(update={"columns": "lugar"})).rows == 100
