"""Uses of a schema's columns in embeddings and views, and what they must not do to version names."""

import hashlib
import shutil
from pathlib import Path

import pytest

from synthprof.base.errors import SpecError
from synthprof.schemas import loader
from synthprof.schemas.loader import load_bundle, schema_folder


def test_numbers_of_the_encoding_stay() -> None:
    # They stand in no digest of a key: with others the same version name would stand for other embeddings.
    # Whoever changes them raises the version of the stage `vectorize`, then this value.
    file = schema_folder("gamer_br") / "uses" / "encoding.toml"
    lines = (line for line in file.read_text(encoding="utf-8").splitlines() if not line.startswith("#"))
    assert hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16] == "8f664afa87617253"


def test_every_weight_and_place_is_of_a_column() -> None:
    bundle = load_bundle("gamer_br")
    columns, encoding, view = bundle.schema.by_name, bundle.encoding, bundle.view
    assert set(columns) - set(encoding.weights) == {"nome", "descricao"}
    assert set(encoding.anchors) == {name for name, column in columns.items() if column.kind == "integer"}
    assert set(view.head) <= set(columns)


def test_the_map_shows_the_columns_that_its_lines_name() -> None:
    view = load_bundle("gamer_br").view
    row = {name: name.upper() for name in view.map_columns}
    assert view.map_text(row) == "NOME, IDADE\nJOGOS_FAVORITOS\nOBJETIVO_PRINCIPAL"


def test_an_unknown_column_is_refused_with_those_there_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(schema_folder("gamer_br"), tmp_path / "players")
    file = tmp_path / "players" / "uses" / "view.toml"
    file.write_text(
        file.read_text(encoding="utf-8").replace('name = "nome"', 'name = "apelido"'), encoding="utf-8"
    )
    monkeypatch.setattr(loader, "_FOLDER", tmp_path)
    with pytest.raises(SpecError, match=r"view\.toml: unknown value 'apelido'; known are nome, idade"):
        load_bundle("players")
