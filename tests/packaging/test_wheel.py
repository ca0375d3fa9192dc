"""The files for a package index: the wheel and the sdist, and an environment with the wheel alone.

The environment has just the packages that the wheel asks for, linked from the one that runs the tests: no
index is asked, and what is not declared is not there.
"""

import json
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
UV = str(Path(sys.executable).with_name("uv"))

MAX_PACKAGES, MAX_MB = 35, 450
UNWANTED = {"apache-airflow", "fastapi", "plotly", "pandas", "polars", "scipy", "httpx", "torch"}

LIBRARY = """
import json, sys, synthprof
v = synthprof.run("gamers", profiles=2_000, seed=7)
hits = v.search("joga RPG de madrugada", k=5, where="idade>=18")
print(json.dumps({
    "rows": v.table().num_rows, "hits": len(hits), "sound": synthprof.verify(v, blocks="all").sound,
    "similar": len(v.similar(42, k=3)), "pandas": "pandas" in sys.modules,
}))
"""


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the wheel and the sdist of a copy of what git tracks, built without a network."""
    copy, out = tmp_path_factory.mktemp("checkout"), tmp_path_factory.mktemp("dist")
    for name in _tracked():
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        (copy / name).write_bytes((ROOT / name).read_bytes())
    _run(sys.executable, "-m", "build", "--no-isolation", "--outdir", str(out), str(copy))
    return out


@pytest.fixture(scope="module")
def bare(dist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of commands of an environment with the wheel, and nothing that it does not ask for."""
    folder = tmp_path_factory.mktemp("bare")
    _run(UV, "venv", "--quiet", "--python", sys.executable, str(folder / "env"))
    python = folder / "env" / "bin" / "python"
    site = next((folder / "env" / "lib").glob("python*/site-packages"))
    wheel = next(dist.glob("*.whl"))
    for found in _closure(_requirements(wheel)):
        _link(found, site)
    cache = {"UV_CACHE_DIR": str(folder / "cache")}
    _run(UV, "pip", "install", "--quiet", "--offline", "--python", str(python), str(wheel), **cache)
    return python.parent


def _tracked() -> list[str]:
    """The names of the package's files, and of those that its build reads."""
    listed = _run("git", "ls-files", "-co", "--exclude-standard", "synthprof", cwd=ROOT).splitlines()
    return [*listed, "pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md", "MANIFEST.in"]


def _run(*words: str, cwd: Path | None = None, **more: str) -> str:
    done = subprocess.run(words, cwd=cwd, capture_output=True, text=True, env=os.environ | more)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _requirements(wheel: Path) -> list[Requirement]:
    with zipfile.ZipFile(wheel) as packed:
        name = next(name for name in packed.namelist() if name.endswith("/METADATA"))
        told = metadata.PathDistribution(zipfile.Path(packed, name.rpartition("/")[0] + "/"))
        return [Requirement(text) for text in told.requires or []]


def _closure(wanted: Iterable[Requirement]) -> list[metadata.Distribution]:
    """Installed packages among the requirements, and among what those require in turn, without any extra."""
    found: dict[str, metadata.Distribution] = {}
    waiting = list(wanted)
    while waiting:
        each = waiting.pop()
        name = canonicalize_name(each.name)
        if name in found or (each.marker and not each.marker.evaluate({"extra": ""})):
            continue
        found[name] = metadata.distribution(name)
        waiting += map(Requirement, found[name].requires or [])
    return list(found.values())


def _link(found: metadata.Distribution, site: Path) -> None:
    for file in found.files or []:
        target = site / file
        if ".." not in file.parts and "__pycache__" not in file.parts:
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                os.link(Path(str(file.locate())), target)
            except OSError:  # on another disk
                shutil.copyfile(Path(str(file.locate())), target)


def _call(bare: Path, home: Path, *words: str, **more: str) -> "subprocess.CompletedProcess[str]":
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "TMPDIR")}
    environment = kept | {"SYNTHPROF_HOME": str(home), "NO_COLOR": "1", "COLUMNS": "100"} | more
    command = [str(bare / words[0]), *words[1:]]
    return subprocess.run(command, cwd=home, capture_output=True, text=True, env=environment, timeout=120)


# --- the files -------------------------------------------------------------------------------------------


def test_both_hold_every_file_of_the_package_and_the_licence(dist: Path) -> None:
    wanted = {name for name in _tracked() if name.startswith("synthprof/")}
    with zipfile.ZipFile(next(dist.glob("*.whl"))) as packed:
        inside = set(packed.namelist())
    assert wanted <= inside and "synthprof/py.typed" in inside
    assert any(name.endswith("/licenses/LICENSE") for name in inside)
    with tarfile.open(next(dist.glob("*.tar.gz"))) as packed:
        names = {name.partition("/")[2] for name in packed.getnames()}
    assert {*wanted, "LICENSE", "CHANGELOG.md", "pyproject.toml"} <= names
    assert not [name for name in names if name.startswith("tests")]


def test_an_index_would_take_them(dist: Path) -> None:
    _run(sys.executable, "-m", "twine", "check", "--strict", *map(str, dist.iterdir()))


def test_every_extra_but_the_one_with_torch_is_in_all() -> None:
    extras = {name for name in metadata.metadata("synthprof").get_all("Provides-Extra") if name != "all"}
    texts = metadata.requires("synthprof") or []
    every = next(text for text in texts if text.startswith("synthprof[") and 'extra == "all"' in text)
    loads = {name for name in extras if name.startswith("load-")}
    own = {
        *(
            "airflow",
            "explorer",
            "report",
            "http",
            "model",
            "images",
            "sources",
            "learn",
            "parquet",
            "s3",
            "hdf5",
            "measure",
            "lance",
        )
    }
    assert Requirement(every).extras == own | {"load-all"}
    assert extras == own | loads | {"open-clip"}, "of 3 GB on a machine with CUDA"
    targets = next(text for text in texts if text.startswith("synthprof[") and 'extra == "load-all"' in text)
    assert Requirement(targets).extras == loads - {"load-all"}


# --- the environment -------------------------------------------------------------------------------------


def test_few_packages_come_and_none_that_is_an_extra(bare: Path) -> None:
    site = next((bare.parent / "lib").glob("python*/site-packages"))
    names = {canonicalize_name(found.name) for found in metadata.distributions(path=[str(site)])}
    assert len(names) <= MAX_PACKAGES and not names & UNWANTED
    assert sum(path.stat().st_size for path in site.rglob("*") if path.is_file()) <= MAX_MB * 1_000_000


def test_the_library_makes_searches_and_verifies_a_data_set(bare: Path, tmp_path: Path) -> None:
    done = _call(bare, tmp_path, "python", "-c", LIBRARY)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"rows": 2_000, "hits": 5, "sound": True, "similar": 3, "pandas": False}
    report = (tmp_path / "gamers" / "CURRENT" / "report.html").read_text(encoding="utf-8")
    assert "pip install &#34;synthprof[report]&#34;" in report


@pytest.mark.long
def test_the_commands_do_the_same(bare: Path, tmp_path: Path) -> None:
    for words in (
        ["--help"],
        ["plan", "--profiles", "1000"],
        ["run", "--profiles", "1000", "--encoder", "hashed", "--locale", "de_DE"],
        ["status"],
        ["similar", "7"],
        ["verify", "--all"],
        ["show", "7"],
    ):
        done = _call(bare, tmp_path, "synthprof", *words)
        assert done.returncode == 0, done.stderr
        assert done.stderr == ""


@pytest.mark.parametrize(
    ("words", "packages", "extra"),
    [
        (["run", "--encoder", "http", "--model", "m"], "httpx and tenacity are", "http"),
        (["run", "--encoder", "model", "--model", "m"], "tenacity is", "model"),
        (["serve"], "fastapi and uvicorn are", "explorer"),
        (["pull", "gamers"], "airflow is", "s3"),
    ],
)
def test_what_needs_an_extra_says_so_in_one_sentence(
    words: list[str], packages: str, extra: str, bare: Path, tmp_path: Path
) -> None:
    done = _call(bare, tmp_path, "synthprof", *words, SYNTHPROF_EMBEDDINGS_URL="http://127.0.0.1:9/v1")
    assert (done.returncode, done.stdout.strip()) == (2, "")
    told = f'error: {packages} not installed\nhint: pip install "synthprof[{extra}]"'
    assert done.stderr.strip() == told
