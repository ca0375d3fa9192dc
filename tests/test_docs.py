"""All that the documentation names is there, and its lists are complete."""

import importlib.util
import re
from pathlib import Path

import pytest
import yaml
from doc_examples import ROOT, examples, pages, run_python

from synthprof.delivery.exports.registry import TITLES as FORMATS
from synthprof.delivery.exports.registry import load
from synthprof.runner.run import run_all
from synthprof.spec.request import Request

DOCS = ROOT / "docs"
FOLDERS = "benchmarks|dags|datasets|docs|examples|plugins|synthprof|tests"
PATHS = re.compile(rf"`((?:{FOLDERS})/[\w./*-]+)`")
LINKS = re.compile(r"\]\((?!https?:)([^)#\s]+)")
page = pytest.mark.parametrize("page", pages(), ids=lambda path: str(path.relative_to(ROOT)))


@page
def test_every_link_leads_to_a_file(page: Path) -> None:
    for target in LINKS.findall(page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target


@page
def test_every_path_named_is_there(page: Path) -> None:
    written = {"datasets/NAME.toml"}
    for path in set(PATHS.findall(page.read_text(encoding="utf-8"))) - written:
        assert any(ROOT.glob(path.rstrip("/"))), path


@page
def test_every_module_that_is_run_is_there(page: Path) -> None:
    for module in re.findall(r"python -m (synthprof[\w.]*)", page.read_text(encoding="utf-8")):
        assert importlib.util.find_spec(module), module


PROSE = [path for path in pages() if path.parent.name != "adr"]


@pytest.mark.parametrize("page", PROSE, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_source_line_holds_one_sentence(page: Path) -> None:
    text = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    prose = [line for line in text.splitlines() if line[:1].isalpha()]
    assert [line for line in prose if re.search(r"[a-z)`][.] [A-Z][a-z]+ ", line)] == []


def test_the_site_has_every_page_and_the_index_every_decision() -> None:
    named = set(re.findall(r"[\w/-]+\.md", (ROOT / "mkdocs.yml").read_text(encoding="utf-8")))
    there = {str(path.relative_to(DOCS)) for path in DOCS.glob("**/*.md")}
    assert named == {name for name in there if not name.startswith("adr/0")}
    index = (DOCS / "adr" / "index.md").read_text(encoding="utf-8")
    for record in DOCS.glob("adr/0*.md"):
        title = record.read_text(encoding="utf-8").splitlines()[0].removeprefix("# ")
        assert f"[{title}]({record.name})" in index, record.name


def test_the_start_page_leads_to_every_page_of_how_to() -> None:
    start = (DOCS / "index.md").read_text(encoding="utf-8")
    assert not [page.name for page in (DOCS / "how-to").glob("*.md") if f"](how-to/{page.name})" not in start]


def test_every_variable_that_the_code_reads_is_described() -> None:
    source = "\n".join(path.read_text() for path in (ROOT / "synthprof").glob("**/*.py"))
    described = (DOCS / "environment.md").read_text(encoding="utf-8")
    read = set(re.findall(r"\"(SYNTHPROF_[A-Z_]+)\"", source))
    assert len(read) > 8
    assert {name for name in read if f"`{name}`" not in described} == set()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `data/gamers`, as after `make run`."""
    folder = tmp_path_factory.mktemp("docs")
    run_all(Request.from_params({"profiles": 2_000}), folder / "data")
    return folder


def test_every_published_file_is_described(folder: Path) -> None:
    described = (DOCS / "version-files.md").read_text(encoding="utf-8")
    for path in (folder / "data" / "gamers" / "CURRENT").iterdir():
        assert f"| `{path.name}` |" in described, path.name


def test_the_table_of_formats_is_that_of_the_code() -> None:
    page = (DOCS / "exports.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([\w-]+)` \| (.+?) \| (.+?) \|$", page, re.MULTILINE)
    told = {name: (title, takes) for name, title, takes in rows if name in FORMATS}
    for name, (title, takes) in told.items():
        assert title == FORMATS[name]
        assert takes == ", ".join(f"`{each}`" for each in load(name).takes)
    assert told.keys() == FORMATS.keys()


SNIPPETS = [
    pytest.param(example.text, id=f"{path.stem}-{number}")
    for path in [DOCS / "tutorial.md", *sorted(DOCS.glob("how-to/*.md"))]
    for number, example in enumerate(examples(path.read_text(encoding="utf-8"), "python"))
]


@pytest.mark.parametrize("text", SNIPPETS)
def test_examples_in_python_run(folder: Path, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYNTHPROF_HOME", str(folder / "data"))
    run_python(text, folder)


def test_the_hooks_are_the_checks_of_make_check() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"][0]["hooks"]
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    site = re.search(r"^SITE := .*?(\$\(BIN\).*)$", makefile, re.MULTILINE)
    recipe = re.search(r"^check:.*\n((?:\t.*\n)+)", makefile, re.MULTILINE)
    assert site and recipe
    lines = [line.strip().removeprefix("@") for line in recipe[1].splitlines()]
    checks = [line.replace("$(SITE)", site[1]).replace("$(BIN)", ".venv/bin") for line in lines]
    assert [hook["entry"] for hook in hooks] == checks
    assert all(hook["language"] == "system" and not hook["pass_filenames"] for hook in hooks)
