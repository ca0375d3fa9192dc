"""The generated pages of the documentation."""

from pathlib import Path

import pytest

from synthprof.cli.reference import cli_page, parameters_page
from synthprof.spec.request import params_schema

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize(("name", "page"), [("parameters.md", parameters_page), ("cli.md", cli_page)])
def test_the_page_is_what_the_code_declares(name, page) -> None:
    assert (DOCS / name).read_text(encoding="utf-8") == page(), "run: make reference"


def test_every_parameter_stands_once() -> None:
    page = parameters_page()
    for name in params_schema() | params_schema("embed"):
        assert page.count(f"| `{name}` |") == 1, name


def test_every_command_names_its_own_options() -> None:
    page = cli_page()
    assert "`--console-html`" in page.split("## synthprof run\n")[1].split("## ")[0]
    assert "`--profiles`" not in page
    assert "`--all`" in page.split("## synthprof verify\n")[1].split("## ")[0]
