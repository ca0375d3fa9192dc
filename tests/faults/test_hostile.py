"""Hostile strings through every name, text and cell: no traceback, nothing outside the root, no script."""

import contextlib
import re
import shutil
import sqlite3
from pathlib import Path

import pytest
from commands import call
from harness import DATASET, SMALL, cases, note

from synthprof.base.errors import SynthprofError
from synthprof.report.model import Report
from synthprof.report.page import render
from synthprof.runner.run import run_all
from synthprof.spec.request import Request, params_schema
from synthprof.store.pruning import prune
from synthprof.store.store import Store
from synthprof.versions.version import open_version

_SEEDS = (
    "'; DROP TABLE perfis; --", '" OR 1=1 --', "1; ATTACH DATABASE '/tmp/x' AS x", "') UNION SELECT 1 --",
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "</script><script>alert(1)</script>",
    "<svg/onload=alert(1)>", "javascript:alert(1)", "&lt;b&gt;", "{{7*7}}", "${7*7}", "{% raw %}", "%s%n%x",
    "../../etc/passwd", "..", ".", "/etc/passwd", "a/../../b", "..\\..\\windows", "~root", "$HOME", "`id`",
    "$(id)", "; id", "| id", "&& id", "-rf", "--help", "a\x00b", "\x00", "a\nb", "a\r\nb", "\t", " ", "",
    "\u202egnp.exe", "\u200f\u05d0\u05d1", "\ufeff", "\ud7ff", "\U0001f600", "e\u0301", "\u0130", "\uffff",
    "=1+1", "+1+1", "-1+1", "@SUM(A1)", "=HYPERLINK(\"http://x\")", "=cmd|' /C calc'!A0", "\t=1+1", "\r=1+1",
    "null", "None", "NaN", "Infinity", "-1", "0x10", "1e999", "9" * 400, "true", "CON", "aux.txt", "a:b",
    "__proto__", "constructor", "[]", "{}", "\\", "\\\\server\\share", "file:///etc/passwd", "a?mode=memory",
)  # fmt: skip

STRINGS = tuple(
    dict.fromkeys(
        [*_SEEDS, "x" * 10_000, "é" * 300, "\u202e" * 64, *(f"a{one}" for one in _SEEDS),
         *(f"{one}{other}" for one, other in zip(_SEEDS, _SEEDS[7:] + _SEEDS[:7], strict=True))]
    )
)[:205]  # fmt: skip


def test_there_are_at_least_200_different_strings() -> None:
    assert len(set(STRINGS)) >= 200


NAMES = {
    "profile_schema": r"[a-z0-9][a-z0-9_-]{0,62}",
    "with_tables": r"([a-z][a-z0-9_]{0,62})?",
    "drift": "",
}
"""Parameters that take any name, in whose letters nothing can hide: what is so called is looked up later."""

FREE_TEXTS = ("model",)
"""Parameters that take any short text: what they name is looked up later, and no folder is named by them."""


UNDERSTOOD = {"0x10": 16, "true": True}
"""Strings that are numbers or truth as people write them."""


@pytest.mark.parametrize("name", [each for each in params_schema() if each != "dataset"])
def test_hostile_values_of_parameters_are_refused_by_one_error(name: str) -> None:
    taken = {}
    for value in STRINGS:
        with contextlib.suppress(SynthprofError):
            taken[value] = Request.from_params({name: value})
    if name in NAMES:
        assert all(re.fullmatch(NAMES[name], text) for text in taken)
    else:
        assert name in FREE_TEXTS or all(
            each.params[name] == UNDERSTOOD[text] for text, each in taken.items()
        )
    for request in taken.values():
        folder = Store(Path("/root-of-data"), request.dataset).build(request.spec).folder
        assert re.fullmatch(r"/root-of-data/gamers/build/[0-9a-f]{16}", str(folder))


def test_hostile_names_of_data_sets_and_versions_never_leave_the_root(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (tmp_path / "secret").write_text("secret")
    taken, lost = 0, []
    for value in STRINGS:
        try:
            request = Request.from_params({"dataset": value})
            taken += 1
            inside = (home / request.dataset).resolve().is_relative_to(home)
            lost += [] if inside and request.dataset.isascii() else [f"taken: {value!r}"]
        except SynthprofError:
            pass
        for dataset, version in ((value, None), ("x", value), (value, value)):
            try:
                open_version(home, dataset, version)
                lost.append(f"opened: {value!r}")
            except SynthprofError:
                pass
            except Exception as error:
                lost.append(f"{value!r}: {type(error).__name__}: {error}")
    assert not list(home.iterdir())
    note("hostile strings as names", len(STRINGS), lost, taken=taken)


@pytest.mark.parametrize("value", cases(STRINGS, 3))
def test_a_hostile_string_on_the_command_line_is_no_traceback(tmp_path: Path, value: str) -> None:
    if "\x00" in value:
        pytest.skip("no command line can hold NUL")
    lost = []
    for words in (
        ["show", "1", f"--dataset={value}"],
        ["verify", f"--version={value}"],
        ["plan", f"--locale={value}"],
    ):
        done = call(words, SYNTHPROF_HOME=str(tmp_path / "home"))
        if done.returncode not in (0, 1, 2) or "Traceback" in done.stderr:
            lost.append(f"{words}: {done.stderr[-200:]}")
    note("hostile strings on the command line", 1, lost + [str(path) for path in tmp_path.iterdir()])


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("hostile")
    run_all(Request.from_params(SMALL | {"profiles": 60, "clusters": 1}), home)
    return home


def test_hostile_cells_of_a_report_are_text(published: Path) -> None:
    from dataclasses import replace

    from synthprof.stages.summary import Facts, summary

    version = open_version(published, DATASET)
    plain: Report = summary(version.manifest, Facts.of(version.manifest, version.folder))
    lost = []
    for first in range(0, len(STRINGS), 15):
        value = "\n".join(STRINGS[first : first + 15])
        cells = {each: each for each in STRINGS[first : first + 15]}
        page = render(replace(plain, dataset=value, example={**cells, "nome": value}, scores=cells))
        outside = re.sub(r"<script\b[^>]*>.*?</script>", "", page, flags=re.S)
        for bad in ("<script>alert", "<img src=x", "<svg/onload", "onerror=alert(1)>"):
            if bad in outside or "<script>alert" in page:
                lost.append(f"{bad} from {first} in the page")
    note("hostile strings in a report", len(STRINGS), lost)


def test_hostile_cells_of_a_database_are_shown_as_text(published: Path, tmp_path: Path) -> None:
    copy = tmp_path / "home"
    shutil.copytree(published, copy, symlinks=True)
    with sqlite3.connect(copy / DATASET / "CURRENT" / "perfis.db") as database:
        for number, value in enumerate(STRINGS[:60], start=1):
            database.execute("UPDATE perfis SET nome = ? WHERE id = ?", (value, number))
    database.close()
    version = open_version(copy, DATASET)
    assert [version.profile(n)["nome"] for n in range(1, 61)] == list(STRINGS[:60])


def test_no_cell_of_a_csv_is_taken_for_a_formula() -> None:
    import csv
    import io

    from synthprof.cli.search import as_csv
    from synthprof.versions.search import Hit

    hits = [Hit(1, 1, 0.5, {"id": 1, "nome": value, "cidade": f" {value}"}, ()) for value in STRINGS]
    rows = list(csv.reader(io.StringIO(as_csv(hits), newline="")))
    lost = [repr(cell) for row in rows for cell in row if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]
    lost += [] if len(rows) == len(STRINGS) + 1 else ["rows broken by a cell"]
    note("hostile strings in a CSV", len(STRINGS), lost)


def test_links_out_of_the_root_are_not_followed(published: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    shutil.copytree(published, home, symlinks=True)
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "file").write_text("precious")
    (home / DATASET / "build" / ".tmp-1-link").symlink_to(outside)
    stage = next((home / DATASET / "build").glob("*/generate-*"))
    (stage / ".tmp-1-link").symlink_to(outside / "file")
    run_all(Request.from_params(SMALL | {"profiles": 60, "clusters": 1, "force": True}), home)
    assert (outside / "file").read_text() == "precious"
    link = home / DATASET / "CURRENT"
    link.unlink()
    link.symlink_to(outside)
    with pytest.raises(SynthprofError, match="outside"):
        open_version(home, DATASET)
    (home / DATASET / "versions" / "aaaaaaaaaaaa").symlink_to(outside)
    prune(Store(home, DATASET), 1)
    assert (outside / "file").read_text() == "precious"
