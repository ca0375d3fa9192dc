"""The command line as people type it."""

import contextlib
import os
import re
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from commands import COMMAND, call
from doc_examples import ROOT, examples, section
from everyday import everyday
from place import hear_ctrl_c, until

from synthprof.base.files import record
from synthprof.schemas import loader
from synthprof.spec.request import Request, params_schema
from synthprof.store.manifest import content_digest, read_manifest
from synthprof.store.store import Store


def _call(home: Path, *words: str, **more: str) -> "subprocess.CompletedProcess[str]":
    variables = {"SYNTHPROF_HOME": str(home), "COLUMNS": "120", "NO_COLOR": "1"} | more
    return call(list(words), **variables)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data root with one published data set, `demo`."""
    home = tmp_path_factory.mktemp("cli")
    done = _call(
        home, "run", "--dataset", "demo", "--profiles", "3000", "--console-html", str(home / "c.html")
    )
    assert done.returncode == 0, done.stderr
    assert "3,000 profiles" in done.stdout
    return home


def test_run_shows_stages_scores_an_example_and_where_the_result_lies(home: Path) -> None:
    text = _call(home, "run", "--dataset", "demo", "--profiles", "3000").stdout
    for word in ("generate", "publish", "rows/s", "Recall@10", "cluster", str(home / "demo" / "versions")):
        assert word in text, word
    assert "3,000 profiles" in (home / "c.html").read_text()


def test_a_terminal_without_our_letters_gets_question_marks_and_programs_get_utf8(home: Path) -> None:
    ascii_only = {"PYTHONIOENCODING": "ascii"}
    for words in (["run", "--dataset", "demo", "--profiles", "3000"], ["run", "--help"], ["status"]):
        done = _call(home, *words, **ascii_only)
        assert done.returncode == 0, done.stderr
    assert "Portugu?s" in _call(home, "show", "7", "--dataset", "demo", **ascii_only).stdout
    search = ["search", "São Paulo", "--dataset", "demo", "--format", "json"]
    assert _call(home, *search, **ascii_only).stdout == _call(home, *search).stdout


def test_the_list_of_commands_loads_what_it_shows_alone() -> None:
    script = (
        "import sys, contextlib; sys.argv = ['synthprof', '--help']\n"
        "from synthprof.cli.main import main\n"
        "with contextlib.suppress(SystemExit): main()\n"
        "print(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert "build-index  Publish a version with another index" in done.stdout
    slow = {"pydantic", "rich", "psutil", "numpy", "pyarrow", "faiss", "jinja2"}
    assert not slow & {name.split(".")[0] for name in done.stderr.split()}


@pytest.mark.parametrize("asked", everyday([signal.SIGINT, signal.SIGTERM]))
def test_a_second_ctrl_c_ends_at_once_and_the_same_command_goes_on(
    tmp_path: Path, asked: signal.Signals
) -> None:
    order = ["run", "--profiles", "400000", "--clusters", "8", "--kmeans-niter", "1", "--workers", "2"]
    process = subprocess.Popen(
        [COMMAND, *order],
        env=os.environ | {"SYNTHPROF_HOME": str(tmp_path)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=hear_ctrl_c,
    )
    until(lambda: list(tmp_path.glob("*/build/*/ingest-*/.tmp-*")), 60, "ingesting beside vectorizing")
    process.send_signal(asked)
    time.sleep(0.1)  # it waits for ingesting
    assert process.poll() is None
    process.send_signal(asked)
    _, errors = process.communicate(timeout=5)
    assert (process.returncode, errors) == (128 + asked, "")
    assert "not published yet; done: setup, generate; the same" in _call(tmp_path, "status").stdout


LARGEST = 1 << 30
"""Bytes of a log, of holes alone, that takes no more: no file may be larger while it is written to."""


@contextlib.contextmanager
def _files_at_most(size: int) -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_log_that_no_longer_fits_on_the_disk_hides_no_message_and_ends_no_run(tmp_path: Path) -> None:
    for order, status in ({"clusters": 50}, 2), ({"clusters": 1}, 0):
        request = Request.from_params({"dataset": "full", "profiles": 100} | order)
        folder = Store(tmp_path, "full").build(request.spec).folder
        folder.mkdir(parents=True)
        (folder / "run.log").touch()
        os.truncate(folder / "run.log", LARGEST)
        options = [f"--{name}={value}" for name, value in ({"profiles": 100} | order).items()]
        with _files_at_most(LARGEST):
            done = _call(tmp_path, "run", "--dataset=full", "--workers=1", *options)
        assert done.returncode == status
        assert [line[:5] for line in done.stderr.splitlines()] == (["error", "hint:"] if status else [])


def test_every_parameter_is_an_option_by_its_own_name(home: Path) -> None:
    text = _call(home, "run", "--help").stdout
    for name in params_schema():
        assert f"--{name.replace('_', '-')}" in text, name
    assert _call(home, "plan", "--dim_vector", "40").returncode == 0


def test_output_that_cannot_be_written_is_one_clear_message(home: Path) -> None:
    with Path("/dev/full").open("w") as full:
        environment = os.environ | {"SYNTHPROF_HOME": str(home)}
        done = subprocess.run(
            [COMMAND, "status"], stdout=full, stderr=subprocess.PIPE, text=True, env=environment
        )
    assert done.returncode == 2
    assert re.fullmatch(
        "error: cannot use the standard output: No space left on device\nhint: free some space.*\n",
        done.stderr,
    )


@pytest.mark.parametrize("name", ["[old]", "[/old]"])
def test_status_tells_the_data_root_letter_by_letter(tmp_path: Path, name: str) -> None:
    assert f"Nothing is published in {tmp_path / name}." in _call(tmp_path / name, "status").stdout


def test_a_run_that_is_refused_leaves_the_page_of_the_last_one(tmp_path: Path) -> None:
    (tmp_path / "c.html").write_text("what was shown")
    done = _call(tmp_path, "run", "--dim-vector=3", "--console-html", str(tmp_path / "c.html"))
    assert (done.returncode, (tmp_path / "c.html").read_text()) == (2, "what was shown")


def test_status_tells_versions_and_builds_under_way(home: Path, tmp_path: Path) -> None:
    assert "Nothing is published" in _call(tmp_path, "status").stdout
    text = _call(home, "status").stdout
    assert re.search(r"demo\s+[0-9a-f]{12}\*\s+3,000", text)
    copy = tmp_path / "copy"
    shutil.copytree(home, copy, symlinks=True)
    shutil.rmtree(copy / "demo" / "versions")
    next(copy.glob("demo/build/*/publish-*/receipt.json")).unlink()
    told = _call(copy, "status").stdout
    assert (
        "demo: 3,000 profiles, seed 42: not published yet; done: setup, generate, ingest, vectorize" in told
    )


def test_status_counts_no_stage_that_another_release_did(home: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(home, copy, symlinks=True)
    shutil.rmtree(copy / "demo" / "versions")
    (generated,) = copy.glob("demo/build/*/generate-*")
    generated.rename(generated.with_name("generate-deadbeef"))
    assert "done: setup, ingest, vectorize" in _call(copy, "status").stdout


def test_no_cell_of_a_table_is_cut_in_a_pipe(home: Path) -> None:
    text = _call(home, "status", COLUMNS="").stdout
    assert re.search(r"demo +[0-9a-f]{12}\* +3,000 .* \d\.\d{3} +– +\d\.\d{3} +42  catalogue\n", text)
    words = ("search", "joga RPG de madrugada no PC com amigos", "--dataset", "demo", "-k", "2")
    hits = _call(home, *words, COLUMNS="").stdout.splitlines()
    assert hits[0].startswith("read as genero=RPG, plataformas_possuidas=PC, disponibilidade=Madrugada, ")
    assert [line.split()[0] for line in hits[1::3]] == ["1", "2"] and "…" not in "".join(hits)


def test_help_says_where_a_default_is_empty(home: Path) -> None:
    text = " ".join(_call(home, "embed", "--help").stdout.replace("│", " ").split())
    assert "Default: empty." in text and "Default: ." not in text
    assert "Default: no." in text and "Default: 0." in text


def test_status_tells_of_damaged_data_sets_below_the_sound_ones(home: Path, tmp_path: Path) -> None:
    for name in ("damaged", "demo", "headless"):
        shutil.copytree(home / "demo", tmp_path / name, symlinks=True)
    (tmp_path / "damaged" / "CURRENT" / "MANIFEST.json").write_text("{")
    (tmp_path / "headless" / "CURRENT").unlink()
    for name, spec in (("empty", ""), ("newer", '{"of": "another release"}')):
        (tmp_path / "demo" / "build" / name).mkdir()
        (tmp_path / "demo" / "build" / name / "spec.json").write_text(spec)
    done = _call(tmp_path, "status")
    assert done.returncode == 0, done.stderr
    sound, _, problems = _flat(done.stdout).partition("✗")
    assert len(re.findall(r"demo +[0-9a-f]{12}(?!:)", sound)) == 2
    assert "MANIFEST.json cannot be read" in problems
    assert f"✗ {tmp_path / 'headless' / 'CURRENT'} points to no version" in problems


def test_show_prints_the_profile_as_the_database_has_it(home: Path) -> None:
    text = " ".join(_call(home, "show", "7", "--dataset", "demo").stdout.split())
    with sqlite3.connect(home / "demo" / "CURRENT" / "perfis.db") as database:
        row = database.execute("SELECT nome, descricao FROM perfis WHERE id = 7").fetchone()
    database.close()
    assert row[0] in text
    assert row[1][:60] in text


@pytest.fixture(scope="module")
def after_a_new_column(home: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The data root after the same run with one column more, and a PYTHONPATH with the schema that has it."""
    root, copy = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("home") / "copy"
    shutil.copytree(Path(loader.__file__).parents[1], root / "synthprof")
    shutil.copytree(home, copy, symlinks=True)
    page = (ROOT / "docs" / "extending.md").read_text(encoding="utf-8")
    (example,) = examples(section(page, "A column"), "toml")
    with (root / "synthprof" / "schemas" / "gamer_br" / "schema.toml").open("a", encoding="utf-8") as file:
        file.write(example.text)
    done = _call(copy, "run", "--dataset", "demo", "--profiles", "3000", PYTHONPATH=str(root))
    assert done.returncode == 0, done.stderr
    return copy, str(root)


@pytest.mark.long
def test_a_run_after_a_column_was_added_makes_it_without_more_being_said(
    after_a_new_column: tuple[Path, str],
) -> None:
    home, path = after_a_new_column
    assert "ocupacao" in _call(home, "show", "7", "--dataset", "demo", PYTHONPATH=path).stdout
    assert _call(home, "verify", "--dataset", "demo", "--all", PYTHONPATH=path).returncode == 0


@pytest.mark.long
def test_verify_says_that_a_version_is_of_another_schema_and_checks_the_rest(
    after_a_new_column: tuple[Path, str],
) -> None:
    home, path = after_a_new_column
    (older,) = {each.name for each in Store(home, "demo").versions()} - {
        (home / "demo" / "CURRENT").resolve().name
    }
    words = ["verify", "--dataset", "demo", "--version", older, "--all"]
    done = _call(home, *words, PYTHONPATH=path)
    assert done.returncode == 0, done.stdout
    assert "made by another release or schema of synthprof, so no block was made again" in _flat(done.stdout)
    assert "made again are the same" in _flat(_call(home, *words).stdout)
    (home / "demo" / "versions" / older / "map.arrow").unlink()
    done = _call(home, *words, PYTHONPATH=path)
    assert done.returncode == 1
    assert "map.arrow is missing" in done.stdout
    assert "another release or schema of synthprof, which must repair it" in _flat(done.stdout)
    assert "which must repair it" in _flat(_call(home, "repair", *words[1:-1], PYTHONPATH=path).stderr)


def _flat(text: str) -> str:
    return " ".join(text.split())


def test_verify_finds_a_sound_version_sound(home: Path) -> None:
    done = _call(home, "verify", "--dataset", "demo", "--all")
    assert done.returncode == 0
    assert "made again are the same byte for byte" in " ".join(done.stdout.split())


@pytest.mark.parametrize(
    "name", ["perfis.db", "embeddings.db", "index.faiss", "centroids.npy", "report.html"]
)
def test_verify_finds_one_flipped_byte(home: Path, tmp_path: Path, name: str) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(home, copy, symlinks=True)
    path = copy / "demo" / "CURRENT" / name
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    done = _call(copy, "verify", "--dataset", "demo")
    assert done.returncode == 1
    assert f"{name} is missing or differs from its checksum" in done.stdout


def test_names_of_others_do_not_command_the_terminal(home: Path, tmp_path: Path) -> None:
    source, name = tmp_path / "notes.db", "\x1b]0;title\x07"
    with closing(sqlite3.connect(source)) as database:
        database.execute(f'CREATE TABLE notes (key, "{name}")')
    wrong = _call(tmp_path, "embed", f"--source={source}", "--id-column=nope")
    shutil.copytree(home, tmp_path / "copy", symlinks=True)
    (Store(tmp_path / "copy", "demo").current() / name).touch()
    damaged = _call(tmp_path / "copy", "verify", "--dataset", "demo")
    for said in (wrong.stderr, damaged.stdout):
        assert "\ufffd]0;title\ufffd" in said
        assert "\x1b" not in said


def test_verify_finds_rows_that_do_not_follow_from_the_spec(home: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(home, copy, symlinks=True)
    folder = copy / "demo" / "CURRENT"
    with sqlite3.connect(folder / "perfis.db") as database:
        database.execute("UPDATE perfis SET nome = 'Fulano de Tal' WHERE id = 9")
    database.close()
    # someone who also mends the manifest is found out by making the rows again
    manifest = read_manifest(folder)
    files = tuple(record(folder / file.path, folder) for file in manifest.files)
    published = [file for file in files if file.path not in ("report.html", "overview.json", "map.arrow")]
    mended = manifest.model_copy(update={"files": files, "content": content_digest(published)}).sealed()
    (folder / "MANIFEST.json").write_text(mended.text())
    done = _call(copy, "verify", "--dataset", "demo")
    assert done.returncode == 1
    assert "perfis.db, ids 1 to 3000: column nome differs from the spec" in done.stdout
