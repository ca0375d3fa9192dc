"""The summary on the console."""

import re

import pytest
from reports import EXAMPLE, REPORT, hostile, printed

from synthprof.report.page import render


@pytest.mark.parametrize("width", [80, 120])
def test_summary_fits_the_terminal_and_tells_everything(width: int) -> None:
    text = re.sub(r"\x1b\[[\d;]*m", "", printed(REPORT, width))
    assert all(len(line) <= width for line in text.splitlines())
    for fact in (
        "gamers",
        "1,000",
        "generate",
        "2,000",
        "240 MiB",
        "0.875",
        "not measured",
        "/data/gamers/v1",
        "cluster 2",
    ):
        assert fact in text
    joined = " ".join(text.split())
    for value in EXAMPLE.values():
        assert str(value) in joined


@pytest.mark.parametrize(
    "text",
    ["[bold red]kept[/]", "kept\x1b]0;owned\x07\x1b[2J", "kept\u202egnp.exe", "kept\ud800", "kept\x00\x9b2J"],
)
def test_summary_gives_the_terminal_no_markup_and_no_controls(text: str) -> None:
    out = printed(hostile(text), 100)
    assert "kept" in out
    assert set(re.findall(r"\x1b.", out)) <= {"\x1b["}
    assert not re.search("[\x00-\x09\x0b-\x1a\x1c-\x1f\x80-\x9f\u202a-\u202e\ud800-\udfff]", out)
    assert "\x1b[2J" not in out
    if text.startswith("["):
        assert text in out
    render(hostile(text)).encode()
