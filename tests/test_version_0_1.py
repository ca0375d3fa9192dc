"""A data root that version 0.1 left behind is opened, verified, searched and resumed by today's command.

`published/home-0.1.tar.xz` holds 300 profiles (`players`), a collection of 60 texts (`notes`) and their
builds as version 0.1 wrote them; only run.log is left out. It is never written anew: users have it on disk.
"""

import csv
import hashlib
import io
import re
import tarfile
from pathlib import Path

import pytest
from commands import call

PACKED = Path(__file__).with_name("published") / "home-0.1.tar.xz"
VERSIONS = {"players": "6f793d9b4e82", "notes": "331563f8c22c"}
SPEC = "--profiles 300 --dim-embedding 24 --dim-vector 20 --clusters 4 --kmeans-niter 5 --workers 1"
NIGHT = "joga de madrugada"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Unpack the data root; tests leave its versions as they are."""
    folder = tmp_path_factory.mktemp("home-0.1")
    with tarfile.open(PACKED) as packed:
        packed.extractall(folder, filter="data")
    return folder


def _call(home: Path, *words: str) -> str:
    """Return what the command prints; a refusal fails the test."""
    done = call(list(words), SYNTHPROF_HOME=str(home), COLUMNS="120", NO_COLOR="1")
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _published(home: Path) -> dict[str, str]:
    """Return the digest of every published file."""
    files = sorted(home.glob("*/versions/*/*"))
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_status_lists_both_versions_as_current(home: Path) -> None:
    rows = [line.split() for line in _call(home, "status").splitlines()]
    told = {words[0]: words[1:] for words in rows if words and words[0] in VERSIONS}
    assert told["players"][:2] == ["6f793d9b4e82*", "300"]
    assert told["players"][-5:] == ["1.000", "–", "0.209", "42", "catalogue"]
    assert told["notes"][:2] == ["331563f8c22c*", "60"]


def test_show_tells_a_profile_and_a_text(home: Path) -> None:
    profile = _call(home, "show", "42", "--dataset", "players")
    assert re.search(r"^ *nome +Joana Silva Alencar *$", profile, re.MULTILINE)
    assert re.search(
        r"^ *jogos_favoritos +Rainbow Six Siege, Overwatch 2, Batman: Arkham Knight", profile, re.M
    )
    text = _call(home, "show", "doc-7", "--dataset", "notes")
    assert re.search(r"^ *id +58 *$", text, re.MULTILINE)
    assert "Jogo xadrez à noite, nota 7" in text


@pytest.mark.parametrize(("dataset", "files"), [("players", 10), ("notes", 8)])
def test_verify_makes_every_block_again(home: Path, dataset: str, files: int) -> None:
    """The version counts as made by this release: its rows are made anew and compared."""
    told = " ".join(_call(home, "verify", "--all", "--dataset", dataset).split())
    assert f"{dataset} {VERSIONS[dataset]}: {files} files match their checksums" in told
    assert "1 of 1 blocks made again are the same byte for byte" in told


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (
            ["search", NIGHT, "--dataset", "players", "-k", "4"],
            [("2", 0.470218), ("10", 0.388844), ("104", 0.380493), ("15", 0.366247)],
        ),
        (
            ["search", NIGHT, "--dataset", "players", "-k", "3", "--exact", "--where", "estado=SP"],
            [("2", 0.470218), ("10", 0.388844), ("249", 0.337284)],
        ),
        (
            ["similar", "42", "--dataset", "players", "-k", "4"],
            [("250", 0.866915), ("125", 0.816779), ("3", 0.775716), ("76", 0.765975)],
        ),
        (
            ["search", NIGHT, "--dataset", "notes", "-k", "4", "--where", "ano>=2010"],
            [("doc-39", 0.972608), ("doc-15", 0.968352), ("doc-51", 0.966249), ("doc-57", 0.7995)],
        ),
        (
            ["similar", "doc-7", "--dataset", "notes", "-k", "4"],
            [("doc-43", 0.992559), ("doc-19", 0.991035), ("doc-31", 0.977494), ("doc-55", 0.97262)],
        ),
    ],
)
def test_search_finds_the_same_rows_with_the_same_scores(
    home: Path, words: list[str], expected: list[tuple[str, float]]
) -> None:
    rows = list(csv.DictReader(io.StringIO(_call(home, *words, "--format", "csv"))))
    assert [row.get("chave") or row["id"] for row in rows] == [key for key, _ in expected]
    # one unit of the last of the six digits that are printed
    assert [float(row["similarity"]) for row in rows] == pytest.approx(
        [score for _, score in expected], abs=1.5e-6
    )


def test_a_run_with_the_same_parameters_keeps_the_blocks_and_the_version(home: Path) -> None:
    """Receipts had no seal then and prove nothing: stages are done again, from blocks whose seals hold."""
    before, blocks = _published(home), _blocks(home)
    for _ in range(2):
        told = _call(home, "run", "--dataset", "players", *SPEC.split())
        assert f"players/versions/{VERSIONS['players']}" in told.replace("\n", "")
        assert (_published(home), _blocks(home)) == (before, blocks)
    (log,) = (home / "players").glob("build/*/run.log")
    lines = [line.partition("] ")[2] for line in log.read_text(encoding="utf-8").splitlines()]
    assert [line.partition(":")[0] for line in lines if ": already done, " in line] == [
        "setup", "generate", "ingest", "vectorize", "persist_blobs", "cluster", "export_index", "publish",
    ]  # fmt: skip


def _blocks(home: Path) -> dict[str, int]:
    """Return when each block file was written."""
    return {str(path): path.stat().st_mtime_ns for path in home.glob("*/build/*/*-*/*-0*.[an]*")}


def test_an_index_built_on_it_is_published_beside_it(home: Path) -> None:
    before = _published(home)
    _call(home, "build-index", "--dataset", "players", "--version", VERSIONS["players"], "--index", "ivf_sq8")
    after = _published(home)
    assert before.items() < after.items()
    assert "2 " in _call(home, "search", NIGHT, "--dataset", "players", "-k", "1")
