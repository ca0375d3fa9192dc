"""The commands below `schema`, as people type them."""

import importlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from shops import edit, write_shop

from synthprof.cli.main import run
from synthprof.cli.reference import DOCUMENTS
from synthprof.runner.run import run_all
from synthprof.schemas.loader import schema_names
from synthprof.schemas.templates import template_names
from synthprof.spec.request import Request
from synthprof.versions.version import open_version

Call = Callable[..., tuple[int, str, str]]


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SYNTHPROF_SCHEMAS", str(tmp_path / "schemas"))
    monkeypatch.setenv("COLUMNS", "80")
    return tmp_path / "schemas"


@pytest.fixture
def call(root: Path, capfd: pytest.CaptureFixture[str]) -> Call:
    """Run a command; gives its status, its output and its errors."""

    def called(*words: str) -> tuple[int, str, str]:
        status = run(["schema", *words])
        return status, *capfd.readouterr()

    return called


@pytest.mark.parametrize("template", template_names())
def test_each_template_makes_a_schema_that_is_good_and_shown_at_once(
    root: Path, call: Call, template: str
) -> None:
    status, out, _ = call("new", "mine", "--template", template)
    assert (status, "synthprof schema show mine" in out) == (0, True)
    status, out, err = call("check", "mine")
    assert (status, err) == (0, "")
    assert out.startswith("✓ mine: ")
    status, out, _ = call("show", "mine")
    title, empty, *lines = out.splitlines()
    assert (status, title, empty) == (0, "Customers of a shop", "")
    assert (lines[0].split()[0], len(lines) >= 22) == ("id", True)
    assert max(map(len, lines)) <= 80


def test_rows_that_are_shown_are_the_first_of_a_data_set(root: Path, call: Call, tmp_path: Path) -> None:
    write_shop(root)
    status, out, _ = call("show", "shop", "--rows", "5", "--seed", "7", "--json")
    assert status == 0
    found = json.loads(out)
    assert tuple(found) == DOCUMENTS["schema show"]
    params = {"dataset": "shop", "profile_schema": "shop", "profiles": 40, "clusters": 1, "seed": 7}
    run_all(Request.from_params({**params, "workers": 1, "dim_embedding": 8}), tmp_path / "home")
    kept = open_version(tmp_path / "home", "shop").table(columns=list(found["rows"][0])).slice(0, 5)
    assert found["rows"] == kept.to_pylist()


def test_differences_are_told_in_words(root: Path, call: Call) -> None:
    write_shop(root)
    other = write_shop(root, "shop2")
    edit(other, '"Free" = 70, "Pro" = 25', '"Free" = 45, "Pro" = 50')
    edit(other, 'name = "visits"', 'name = "calls"')
    edit(other, "sizes = [5, 3]", "sizes = [5, 4]")
    edit(other, "indexed = true\n", "")
    status, out, _ = call("diff", "shop", str(other))
    assert (status, out.splitlines()) == (
        0,
        [
            "column visits: removed",
            "column plan: odds: Free 70.0% is now 45.0%, Pro 25.0% is now 50.0%",
            "column plan: indexed: True is now False",
            "column calls: added, uniform_integer",
            "column likes: sizes: [5.0, 3.0] is now [5.0, 4.0]",  # and nothing of what follows from columns
        ],
    )
    assert call("diff", "shop", "shop")[1] == "They are the same.\n"
    edit(other, '[[column]]\nname = "plan"', 'title = "Shops"\n\n[[column]]\nname = "plan"')
    with (other / "schema.toml").open("a") as file:
        file.write('[view]\ntable = ["likes"]\n[search]\nconditions = ["plan"]\n')
        file.write('[words]\nnumbers.calls = ["{} calls"]\n')
    assert call("diff", "shop", "shop2")[1].splitlines()[-3:] == [
        "use in embeddings and searches: changed, conditions",
        "places on cards and pages: changed, table, title",
        "words of texts: changed, numbers",
    ]
    assert tuple(json.loads(call("diff", "shop", "shop2", "--json")[1])) == DOCUMENTS["schema diff"]


def test_a_schema_is_compared_with_the_one_of_a_version(root: Path, call: Call, tmp_path: Path) -> None:
    from synthprof.schemas.reading import read_bundle

    folder = write_shop(root)
    kept = tmp_path / "schema.json"
    kept.write_text(read_bundle(folder).text)
    edit(folder, "What the customer pays for.", "What is paid for.")
    status, out, _ = call("diff", str(kept), "shop")
    assert status == 0
    assert out == "column plan: doc: What the customer pays for. is now What is paid for.\n"


def test_the_list_tells_what_is_wrong_with_one(root: Path, call: Call) -> None:
    write_shop(root)
    edit(write_shop(root, "broken"), "choice", "dice")
    status, out, _ = call("list")
    assert status == 0
    names = [*schema_names(), "broken", "shop"]
    assert [line.split()[0] for line in out.splitlines()[2 : 2 + len(names)]] == names
    told = " ".join(out.split())
    assert "✗ schema broken:" in told
    assert "schema.toml:4: column plan: draw='dice' is unknown" in told
    found = json.loads(call("list", "--json")[1])
    assert tuple(found) == DOCUMENTS["schema list"]
    assert len(found["problems"]) == 1


def test_check_and_new_say_in_json_what_they_did(root: Path, call: Call) -> None:
    assert tuple(json.loads(call("new", "mine", "--json")[1])) == DOCUMENTS["schema new"]
    assert tuple(json.loads(call("check", "mine", "--json")[1])) == DOCUMENTS["schema check"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("new", "../mine"), "is no name of a schema"),
        (("new", "gamer_br"), "is the name of a built-in schema"),
        (("new", "shop"), "is there already"),
        (("new", "mine", "--template", "../customers"), "there is no template '../customers'"),
        (("check", "nowhere"), "'nowhere' is neither built in"),
        (("check", "./nowhere"), "'./nowhere' is neither a schema nor its folder"),
        (("check", "/dev/null"), "'/dev/null' is neither a schema nor its folder"),
        (("show", "shop", "--rows", "0"), "rows='0' is not a whole number from 1 to 1,000"),
        (("chek", "shop"), "there is no command 'chek'"),
    ],
)
def test_what_is_wrong_is_told_with_a_remedy(
    root: Path, call: Call, words: tuple[str, ...], told: str
) -> None:
    write_shop(root)
    status, out, err = call(*words)
    assert (status, out) == (2, "")
    assert told in " ".join(err.split())
    assert "\nhint: " in err


def test_the_format_is_printed_as_a_json_schema(call: Call) -> None:
    if not hasattr(importlib.import_module("synthprof.schemas.format"), "json_schema"):
        pytest.skip("the JSON Schema of the format is not made yet")
    status, out, _ = call("format")
    assert status == 0
    assert "properties" in json.loads(out) or "$defs" in json.loads(out)
