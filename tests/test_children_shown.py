"""The rows of a child table as people see them: on the command line, by HTTP and on the explorer's page."""

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest
from browser import CHROMIUM, chromium, looking
from explorers import served

from synthprof.cli.main import run
from synthprof.runner.run import run_all
from synthprof.spec.request import Request
from synthprof.versions.version import open_version

PAGE = 50
"""Rows that the explorer's page shows at once."""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("players")
    params = {"dataset": "players", "profiles": 600, "clusters": 2, "kmeans_niter": 2, "workers": 1}
    run_all(Request.from_params(params | {"with_tables": "sessoes"}), found)
    return found


@pytest.fixture(scope="module")
def sessions(home: Path) -> dict[int, list[dict[str, Any]]]:
    """The rows of the database, by profile."""
    with closing(sqlite3.connect(open_version(home, "players").folder / "sessoes.db")) as database:
        database.row_factory = sqlite3.Row
        every = [dict(row) for row in database.execute("SELECT * FROM sessoes ORDER BY perfil_id, n")]
    found: dict[int, list[dict[str, Any]]] = {}
    for row in every:
        found.setdefault(row.pop("perfil_id"), []).append(row)
    return found


@pytest.fixture(scope="module")
def busy(sessions: dict[int, list[dict[str, Any]]]) -> int:
    """A profile with more sessions than the page shows at once."""
    return next(each for each, rows in sessions.items() if PAGE < len(rows) < 2 * PAGE)


@pytest.fixture(scope="module")
def idle(sessions: dict[int, list[dict[str, Any]]]) -> int:
    """A profile without sessions."""
    return next(each for each in range(1, 601) if each not in sessions)


@pytest.fixture(scope="module")
def origin(home: Path) -> Iterator[str]:
    with served(home) as url:
        yield url.rstrip("/")


Show = Callable[..., tuple[int, str]]


@pytest.fixture
def show(home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Show:
    """`synthprof show` with these words: its exit status, and all that it prints."""
    for name, value in {"SYNTHPROF_HOME": str(home), "COLUMNS": "120", "NO_COLOR": "1"}.items():
        monkeypatch.setenv(name, value)

    def call(*words: str) -> tuple[int, str]:
        status = run(["show", *words, "--dataset", "players"])
        told = capsys.readouterr()
        return status, told.out + told.err

    return call


def test_sessions_stand_in_order_of_time_and_are_of_the_players_own_games(home: Path, sessions) -> None:
    version = open_version(home, "players")
    games = dict(zip(*version.table(columns=["id", "jogos_favoritos"]).to_pydict().values(), strict=True))
    for player, rows in sessions.items():
        assert [row["n"] for row in rows] == list(range(1, len(rows) + 1))
        begun = [row["inicio"] for row in rows]
        assert begun == sorted(begun)
        assert {row["jogo"] for row in rows} <= set(games[player].split(", ")), player


def test_show_prints_the_rows_of_a_table_as_the_database_has_them(show: Show, sessions, busy: int) -> None:
    assert json.loads(show(str(busy), "--table", "sessoes", "--json")[1]) == sessions[busy]
    assert (
        json.loads(show(str(busy), "--table", "sessoes", "--first", "50", "--json")[1]) == sessions[busy][49:]
    )
    status, shown = show(str(busy), "--table", "sessoes")
    assert (status, shown.split()[:4]) == (0, ["n", "inicio", "minutos", "jogo"])
    assert len(shown.splitlines()) == 2 + len(sessions[busy])
    assert show(str(busy))[1].split()[-4:] == ["rows", "in", "sessoes", str(len(sessions[busy]))]


def test_show_says_where_there_are_no_rows_or_no_such_table(show: Show, idle: int) -> None:
    assert show(str(idle), "--table", "sessoes") == (
        0,
        f"id {idle} has no rows in sessoes from number 1 on.\n",
    )
    status, told = show("1", "--table", "orders")
    assert status == 2
    assert "no child table 'orders'" in told
    assert "there are: sessoes" in told


def test_the_api_gives_rows_in_pages_with_their_number(origin: str, sessions, busy: int, idle: int) -> None:
    def answer(player: int, **asked: int) -> Any:
        url = f"{origin}/api/datasets/players/versions/current/profiles/{player}/tables/sessoes"
        return httpx.get(url, params=asked, timeout=300).raise_for_status().json()

    first = answer(busy)
    assert first == {"table": "sessoes", "total": len(sessions[busy]), "rows": sessions[busy][:PAGE]}
    assert answer(busy, first=PAGE, count=2)["rows"] == sessions[busy][PAGE - 1 : PAGE + 1]
    assert answer(idle) == {"table": "sessoes", "total": 0, "rows": []}


@pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")
def test_the_page_shows_the_table_and_turns_its_pages(origin: str, sessions, busy: int) -> None:
    with chromium() as browser, looking(browser, origin) as seen:
        page = seen.open("?dataset=players&view=schema")
        table = page.locator("section", has=page.get_by_role("heading", name="Table sessoes"))
        assert table.get_by_role("listitem").count() == 3
        table.get_by_role("link", name="parent.jogos_favoritos").click()
        page.locator("#column-jogos_favoritos").wait_for()
        page = seen.open(f"?dataset=players&view=map&id={busy}")
        page.get_by_role("article").get_by_text("sessoes", exact=True).click()
        page.get_by_text(f"{len(sessions[busy])} rows", exact=True).wait_for()
        rows = page.get_by_role("table", name="Rows of sessoes").locator("tbody tr")
        assert rows.count() == PAGE
        assert rows.first.inner_text().split()[1] == sessions[busy][0]["inicio"]
        page.get_by_role("button", name="After").click()
        page.get_by_text(f"51 to {len(sessions[busy])} of {len(sessions[busy])}").wait_for()
        assert rows.count() == len(sessions[busy]) - PAGE
