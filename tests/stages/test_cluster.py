"""The stage `cluster` on texts of which few differ."""

from pathlib import Path

import pytest
from notes import make, sqlite_of

from synthprof.stages.summary import Facts, summary


def test_fewer_different_texts_than_clusters_is_said_and_each_text_is_one_cluster(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    rows = 70_000  # more than are trained on: some of the texts that are there once are not in the sample
    texts = [f"joga no turno {row % 20}" if row % 3_500 else f"só joga em {row}" for row in range(rows)]
    source = sqlite_of(tmp_path / "notes.db", [(row, texts[row]) for row in range(rows)], "key, body")
    version = make(tmp_path, source, columns="", clusters=50, dim_embedding=16, save_index=False)
    found = set(zip(texts, version.clusters().tolist(), strict=True))
    assert len(found) == len({cluster for _, cluster in found}) == 40
    assert "different embeddings: 40, fewer than clusters=50; each has its own cluster" in caplog.messages
    assert (
        summary(version.manifest, Facts.of(version.manifest, version.folder)).scores["clusters"]
        == "40 of 50 wished"
    )
