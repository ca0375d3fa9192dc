"""Messages of errors: a fact, then its remedy."""

import ast
from pathlib import Path

import pytest

from synthprof.base.errors import SpecError

PACKAGE = Path(__file__).parents[2] / "synthprof"
KINDS = {"SpecError", "StageError", "Busy"}


def _texts(node: ast.expr) -> str:
    """The texts of a message beside the values that it quotes."""
    parts = node.values if isinstance(node, ast.JoinedStr) else [node]
    return "".join(
        each.value for each in parts if isinstance(each, ast.Constant) and isinstance(each.value, str)
    )


@pytest.mark.parametrize("wing", sorted(path.name for path in PACKAGE.iterdir() if path.is_dir()))
def test_a_message_parts_its_fact_from_its_remedy_once(wing: str) -> None:
    for path in (PACKAGE / wing).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in KINDS and node.args:
                assert _texts(node.args[0]).count("; ") <= 1, f"{path}:{node.lineno}"


@pytest.mark.parametrize(
    ("message", "fact", "remedy"),
    [
        ("k=0 is too few; ask for more", "k=0 is too few", "ask for more"),
        ("source='a; b' is missing; name another", "source='a; b' is missing", "name another"),
        ("'x' is no number\nprofiles: how many; all", "'x' is no number", "profiles: how many; all"),
        ("nothing helps", "nothing helps", ""),
    ],
)
def test_the_last_semicolon_begins_the_remedy(message: str, fact: str, remedy: str) -> None:
    error = SpecError(message)
    assert (error.fact, error.remedy) == (fact, remedy)
