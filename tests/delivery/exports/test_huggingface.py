"""The folder for `datasets`: shards, child tables as configurations, and a card that names them all."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import small
import yaml
from doc_examples import ROOT, examples, section
from servers import LOADERS

from synthprof.delivery.exports import parts
from synthprof.delivery.exports.job import export
from synthprof.delivery.exports.order import Order
from synthprof.versions.version import open_version


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("huggingface")
    small.run(home, with_tables="all")
    return home


def test_child_tables_are_configurations_with_all_of_their_rows(home: Path) -> None:
    folder, _ = export(home, Order(dataset=small.DATASET, format="huggingface"))
    version = open_version(home, small.DATASET)
    head = yaml.safe_load((folder / "README.md").read_text(encoding="utf-8").split("---\n")[1])
    found = {each["config_name"]: folder / each["data_files"][0]["path"] for each in head["configs"]}
    assert list(found) == ["profiles", *version.tables()]
    for name in version.tables():
        wanted = version.table(name)
        assert pq.read_table(found[name]).cast(wanted.schema).equals(wanted)  # it has no whole seconds
    columns = {
        each["config_name"]: [one["name"] for one in each["features"]] for each in head["dataset_info"]
    }
    assert columns == {name: pq.read_schema(path).names for name, path in found.items()}


def test_named_columns_leave_child_tables_out(home: Path) -> None:
    folder, output = export(home, Order(dataset=small.DATASET, format="huggingface", columns="idade"))
    assert [file.path for file in output.files if file.path.endswith(".parquet")] == [
        "data/profiles-00000-of-00001.parquet"
    ]
    assert "sessoes" not in (folder / "README.md").read_text(encoding="utf-8")


def test_several_shards_are_one_table(exported, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "GROUPS", 2)
    monkeypatch.setattr(parts, "GROUP_BYTES", 1)
    folder, output = exported(format="huggingface", columns="idade")
    shards = [file.path for file in output.files if file.path.endswith(".parquet")]
    assert shards == [f"data/profiles-0000{part}-of-00002.parquet" for part in range(2)]
    head = yaml.safe_load((folder / "README.md").read_text(encoding="utf-8").split("---\n")[1])
    assert head["configs"][0]["data_files"] == [{"split": "train", "path": shards}]
    found = json.loads((folder / "croissant.json").read_text(encoding="utf-8"))
    (together,) = [each for each in found["distribution"] if each["@type"] == "cr:FileSet"]
    assert together["includes"] == shards


@pytest.mark.parametrize(
    ("title", "form", "module", "python", "printed"),
    [
        ("Hugging Face datasets", "huggingface", "datasets", LOADERS, "(10, 32)"),
        ("PyTorch", "npy", "torch", Path(sys.executable), "torch.Size([60, 32])"),
    ],
)
def test_the_page_of_other_programs_loads_an_export(
    home: Path, tmp_path: Path, title: str, form: str, module: str, python: Path, printed: str
) -> None:
    has = [str(python), "-P", "-c", f"import {module}"]
    if not python.exists() or subprocess.run(has, capture_output=True, cwd=tmp_path).returncode:
        pytest.skip(f"{module} is not installed")
    folder, _ = export(home, Order(dataset=small.DATASET, format=form))
    page = ROOT / "docs/how-to/load-in-other-programs.md"
    (snippet,) = examples(section(page.read_text(encoding="utf-8"), title), "py")
    before = f"from pathlib import Path\nfolder = Path({str(folder)!r})\n"
    offline = {"HF_HOME": str(tmp_path / "hub"), "HF_HUB_OFFLINE": "1"}
    command = [str(python), "-P", "-c", before + snippet.text]
    done = subprocess.run(command, env=os.environ | offline, cwd=tmp_path, capture_output=True, text=True)
    assert done.stdout.strip() == printed, done.stdout + done.stderr
