"""Exports as a whole: wrong orders, what is there already, damage, and the parameters of each door."""

import inspect
import json
import shutil
from pathlib import Path

import pytest

import synthprof
from synthprof.base.errors import SpecError, StageError
from synthprof.delivery.exports import job, registry
from synthprof.delivery.exports.finished import exports, faults
from synthprof.delivery.exports.order import Options, Order
from synthprof.store.outputs import OUTPUT


def test_every_format_that_is_listed_is_there_and_says_so_itself() -> None:
    for name in registry.TITLES:
        form = registry.load(name)
        assert form.name == name
        assert set(form.takes) <= Order.model_fields.keys()


def test_keywords_of_the_api_are_the_fields_of_an_order() -> None:
    named = inspect.signature(synthprof.export).parameters.keys()
    assert Options.__annotations__.keys() | {"dataset", "version", "format"} == Order.schemas().keys()
    assert {"dataset", "version", "format"} <= named


def test_columns_may_be_a_text_or_a_list_with_any_names() -> None:
    names = ("plain", "a, b", 'say "x"')
    assert Order.from_params({"columns": list(names)}).names == names
    assert Order.from_params({"columns": " plain ,id"}).names == ("plain", "id")


@pytest.mark.parametrize(
    ("params", "told"),
    [
        ({"format": "xls"}, "'xls' does not match"),
        ({"format": "parquet", "columns": "colour"}, "there is no column 'colour'; there are: id, nome"),
        ({"format": "parquet", "columns": "idade:integer"}, "has a kind, which is not chosen here"),
        ({"format": "u8bin", "columns": "id"}, "format u8bin does not take it, but space; leave it out"),
        ({"format": "csv", "metric": "dot"}, "format csv does not take it, but columns; leave it out"),
        ({"format": "fbin", "space": "both"}, "'both' is not one of"),
        ({"version": "0" * 12}, "no version '000000000000' of 'three'"),
        ({"forma": "csv"}, "did you mean format"),
    ],
)
def test_a_wrong_order_is_refused_and_nothing_is_made(exported, three_blocks: Path, params, told) -> None:
    before = sorted((three_blocks / "three").rglob("*"))
    with pytest.raises(SpecError) as error:
        exported(**params)
    assert told in str(error.value)
    assert sorted((three_blocks / "three").rglob("*")) == before


def test_a_missing_package_is_named_with_the_command_that_brings_it(
    exported, monkeypatch: pytest.MonkeyPatch
) -> None:
    from synthprof.delivery.exports import csv

    class Needy(csv.Csv):
        extra, packages = "some", ("nobody_has_this",)

    monkeypatch.setattr(csv, "FORMAT", Needy(extra="some", packages=("nobody_has_this",)))
    with pytest.raises(SpecError, match=r'nobody_has_this is not installed; pip install "synthprof\[some\]"'):
        exported(format="csv", columns="id")


def test_something_else_in_the_place_of_exports_is_told(exported, three_blocks, monkeypatch) -> None:
    monkeypatch.setattr(job, "EXPORTS", "file")
    (three_blocks / "three" / "file").write_text("")
    with pytest.raises(SpecError, match="file is a file, where a folder belongs; remove or rename it"):
        exported(format="csv", columns="id")


def test_what_is_there_is_not_written_again_and_damage_is_found(
    exported, three_blocks: Path, tmp_path: Path
) -> None:
    folder, output = exported(format="csv", columns="id")
    written = (folder / "rows.csv").stat().st_mtime_ns
    assert exported(format="csv", columns="id") == (folder, output)
    assert (folder / "rows.csv").stat().st_mtime_ns == written
    assert folder in [each.folder for each in exports(three_blocks, "three")]
    shutil.copytree(folder, tmp_path / "three" / "exports" / folder.name)
    copy = tmp_path / "three" / "exports" / folder.name
    check = lambda: faults(tmp_path, "three", folder.name, lambda *_: None)[1]  # noqa: E731
    assert check() == []
    with (copy / "rows.csv").open("r+b") as file:
        file.write(b"x")
    (copy / "more").write_text("")
    assert check() == [
        f"rows.csv is missing or differs from its checksum in {OUTPUT}",
        f"more is not in {OUTPUT}",
    ]
    (copy / OUTPUT).write_text("{}")
    with pytest.raises(StageError, match="missing or was changed"):
        check()


def test_the_api_gives_the_bytes_of_the_command(exported, three_blocks: Path, version) -> None:
    made = synthprof.export(version, "npy", columns=["cluster_id"])
    folder, output = exported(format="npy", columns="cluster_id")
    assert (made.folder, made.key, made.rows) == (folder, output.key, 33_000)
    assert all(path.is_file() for path in made.files)
    assert json.loads((folder / OUTPUT).read_text())["key"] == made.key
