"""A data root that version 0.1 left behind is opened, verified and searched by today's command, and kept.

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
    assert told["players"][-5:] == ["1.000", "–", "–", "42", "catalogue"]  # it had no purity
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
def test_verify_compares_every_file_and_says_who_made_it(home: Path, dataset: str, files: int) -> None:
    told = " ".join(_call(home, "verify", "--all", "--dataset", dataset).split())
    assert f"{dataset} {VERSIONS[dataset]}: {files} files match their checksums" in told
    assert "made by another release or schema of synthprof, so no block was made again" in told


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (
            ["search", NIGHT, "--dataset", "players", "-k", "4"],
            [("2", 0.470218), ("95", 0.347135), ("249", 0.337284), ("247", 0.330465)],
        ),
        (
            ["search", NIGHT, "--dataset", "players", "-k", "3", "--exact", "--where", "estado=SP"],
            [("2", 0.470218), ("249", 0.337284), ("30", 0.294945)],
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


def test_a_run_with_the_same_parameters_makes_a_version_beside_it(home: Path) -> None:
    before = _published(home)
    told = _call(home, "run", "--dataset", "players", *SPEC.split())
    assert "players/versions/" in told and VERSIONS["players"] not in told
    assert before.items() <= _published(home).items()


def test_an_index_of_another_release_is_refused_with_a_remedy(home: Path) -> None:
    words = ["build-index", "--dataset", "players", "--version", VERSIONS["players"], "--index", "ivf_sq8"]
    done = call(words, SYNTHPROF_HOME=str(home))
    assert done.returncode == 2
    assert "was made by another release" in done.stderr and "synthprof run" in done.stderr
