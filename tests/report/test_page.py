"""The report page as bytes: its policy, its size, and hostile text in it."""

import dataclasses
import html
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from reports import HOSTILE, REPORT, hostile, own_part

from synthprof.report.model import MapPoints, Marginal, Report
from synthprof.report.page import render


def test_same_report_gives_same_bytes_in_another_process() -> None:
    code = (
        "import sys, hashlib; sys.path[:0] = ['tests/support']; from reports import REPORT, render;"
        "print(hashlib.sha256(render(REPORT).encode()).hexdigest())"
    )
    digests = {
        subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=True,
            cwd=Path(__file__).parents[2],
            env={**os.environ, "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2")
    }
    assert len(digests) == 1


def test_the_size_says_that_the_report_itself_is_not_in_it() -> None:
    assert "size without this report" in render(REPORT) and "size on disk" not in render(REPORT)


def test_page_refers_to_no_network() -> None:
    page = own_part(render(REPORT))
    assert not re.search(r"(?i)https?:/|//[a-z]|@import|url\(|\bsrc=|ws:", page.replace("// ", ""))
    assert set(re.findall(r'href="([^"]*)"', page)) <= {
        "data:,",
        "#main",
        "#clusters",
        "#example",
        "#marginals",
        "#stages",
        "#parameters",
    }


def test_policy_allows_the_two_scripts_and_nothing_else() -> None:
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', render(REPORT))
    assert policy
    assert re.fullmatch(
        r"default-src 'none'; script-src( 'sha256-[\w+/=]{44}'){2}; style-src 'unsafe-inline'; "
        r"img-src data: blob:; base-uri 'none'; form-action 'none'",
        html.unescape(policy[1]),
    )


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_adds_no_element(text: str) -> None:
    def tags(report: Report) -> dict[str, int]:
        names = re.findall(r"<(!--|/?[a-z][a-z0-9]*)", own_part(render(report)).split("<body>")[1])
        return {name: names.count(name) for name in ("script", "/script", "img", "svg", "a", "b", "!--")}

    harmless = tags(hostile("harmless"))
    assert tags(hostile(text)) == harmless


def test_many_categories_show_the_twenty_largest_and_the_rest_as_a_sum() -> None:
    shares = tuple(i / 5050 for i in range(1, 101))
    many = Marginal("jogos", tuple(f"jogo-{i}-" for i in range(1, 101)), shares, shares)
    page = own_part(render(dataclasses.replace(REPORT, marginals=(many,))))
    shown = re.findall(r"jogo-(\d+)-", page)
    assert shown == [str(i) for i in range(100, 80, -1)]
    assert f"and 80 more values, together {100 * sum(shares[:80]):.1f} %" in page


def test_a_million_clusters_make_a_small_page() -> None:
    sizes = tuple(range(1_000_000))
    small = len(render(REPORT))
    assert len(render(dataclasses.replace(REPORT, cluster_sizes=sizes))) < small + 50_000


def test_columns_of_different_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match=r"Marginal estado has columns of different lengths: \[2, 1, 1\]"):
        Marginal("estado", ("SP", "MG"), (1.0,))
    with pytest.raises(ValueError, match="MapPoints"):
        MapPoints((1,), (0.0,), (0.0,), (0,), (), {})


def test_importing_the_report_is_light() -> None:
    heavy = {"plotly", "jinja2", "rich", "numpy", "pandas", "pyarrow"}
    code = f"import sys, synthprof.report.ending, synthprof.report.page; print({heavy} & set(sys.modules))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "set()"
