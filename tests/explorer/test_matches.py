"""Matches in the explorer: as their files have them, their page, and the run that makes one."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser import CHROMIUM, chromium, looking
from explorers import OPERATOR, VIEWER, alone, answer, inside_airflow, served
from picture_sets import draw_folder, make

from synthprof.delivery.matching.job import match
from synthprof.delivery.matching.match import Match
from synthprof.delivery.matching.order import MatchOrder
from synthprof.runner.run import run_all
from synthprof.spec.request import Request

ORDER = {
    **{"dataset": "drawn", "profiles": 40, "clusters": 1, "kmeans_niter": 1, "dim_embedding": 24},
    **{"avatars": True, "avatar_copies": 0.5, "index": "flat", "prose": "card", "workers": 1},
}
ONE = "/api/datasets/drawn/versions/current"
PHOTOS = "/api/datasets/photos/versions/current"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `photos` and, in `data`, avatars that were matched, and the photos as a data set."""
    place = tmp_path_factory.mktemp("matched")
    draw_folder(place / "photos", 40)
    (place / "photos" / "copy.png").write_bytes((place / "photos" / "00000.png").read_bytes())
    run_all(Request.from_params(ORDER), place / "data")
    make(place / "data", place / "photos", dataset="photos")
    return place


@pytest.fixture(scope="module")
def made(place: Path) -> Match:
    return match(place / "data", MatchOrder(dataset="drawn"))


@pytest.fixture(scope="module")
def elsewhere(place: Path) -> Match:
    """A match of a folder, beside the avatars."""
    return match(place / "data", MatchOrder(dataset="drawn", pictures=str(place / "photos")))


@pytest.fixture(scope="module")
def client(place: Path) -> Iterator:
    with alone(place / "data") as client:
        yield client


def test_matches_are_told_as_their_files_have_them(client, made: Match, elsewhere: Match) -> None:
    told = answer(client, f"{ONE}/matches")
    assert (told["pictures"], told["elsewhere"]) == ("avatars", False)
    found = {each["of"]: each for each in told["matches"]}
    assert set(found) == {"avatars", "elsewhere"}
    for of, one in (("avatars", made), ("elsewhere", elsewhere)):
        facts = one.facts()
        assert found[of]["pictures"] == facts["rows"]
        assert all(found[of][name] == facts[name] for name in ("pairs", "groups", "options"))
        assert (found[of]["state"], found[of]["folder"]) == ("finished", str(one.folder))
        assert found[of]["recall"] == one.scores.get("recall")
    assert answer(client, f"{PHOTOS}/matches") == {
        "matches": [],
        "pictures": "thumbnails",
        "elsewhere": False,
    }


def test_the_page_of_a_match_comes_in_a_sandbox_and_only_that(client, made: Match) -> None:
    page = client.get(f"/match/drawn/current/match-{made.key}")
    assert page.content == made.page.read_bytes()
    assert page.headers["content-security-policy"].startswith("sandbox")
    assert page.headers["content-type"].startswith("text/html")
    for name, status in (("match-000000000000", 404), ("..", 404), ("match-x", 422), ("OUTPUT.json", 422)):
        assert client.get(f"/match/drawn/current/{name}").status_code in (status, 404)
    assert client.get(f"/match/photos/current/match-{made.key}").status_code == 404


def test_orders_that_are_none_are_refused_and_without_airflow_all(client) -> None:
    assert client.post(f"{ONE}/match", json={"features": 100}).status_code == 409  # nobody runs it
    assert client.post(f"{ONE}/match", json={"features": 5_000}).status_code == 422
    assert client.post(f"{ONE}/match", json={"pictures": "a\nb"}).status_code == 422


def test_what_is_damaged_is_told(client, place: Path) -> None:
    damaged = match(place / "data", MatchOrder(dataset="photos", features=50))
    (damaged.folder / "pictures.parquet").write_bytes(b"nothing")
    (found,) = answer(client, f"{PHOTOS}/matches")["matches"]
    assert found["pairs"] is None and found["of"] == "thumbnails"
    assert "remove the folder and match again" in found["problem"]


def test_a_folder_is_matched_only_below_the_folders_that_the_server_names(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    photos = place / "photos"
    (photos / "out").symlink_to(tmp_path)
    path = f"/synthprof{ONE}/match"
    with inside_airflow(place / "data") as (client, users):

        def refusal(pictures: str, who: str = OPERATOR) -> tuple[int, str]:
            response = client.post(path, json={"pictures": pictures}, headers=users[who])
            return response.status_code, str(response.json()["detail"])

        status, told = refusal(str(photos))
        assert status == 422 and "SYNTHPROF_SOURCES names no folder that may be read" in told
        monkeypatch.setenv("SYNTHPROF_SOURCES", str(photos))
        for outside in ("/etc", f"{photos}/../data", f"{photos}/out", f"{photos}-more"):
            status, told = refusal(outside)
            assert status == 422 and "is not below SYNTHPROF_SOURCES" in told, outside
        for odd in ("photos", "~/photos", "~nobody/photos"):
            assert refusal(odd) == (
                422,
                f"pictures={odd} does not begin with /; name a folder by its whole path",
            )
        assert refusal("/etc", VIEWER)[0] == 403
        taken = refusal(str(photos))
        assert "SYNTHPROF_SOURCES" not in taken[1]
    (photos / "out").unlink()


@pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")
@pytest.mark.parametrize("options", [{}, {"viewport": {"width": 400, "height": 900}, "color_scheme": "dark"}])
def test_the_form_asks_for_a_folder_and_shows_refusals_and_the_page_pairs_side_by_side(
    place: Path, made: Match, elsewhere: Match, options: dict, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SYNTHPROF_SOURCES", str(place / "photos"))
    with (
        served(place / "data") as url,
        chromium() as browser,
        looking(browser, url.rstrip("/"), **options) as seen,
    ):

        def allowed(route) -> None:
            told = route.fetch().json()
            route.fulfill(json=told | {"can": {"trigger": True, "reason": None}})

        sent: list[dict] = []

        def refused(route) -> None:
            sent.append(route.request.post_data_json)
            route.fulfill(status=409, json={"detail": "pictures=/etc is not below SYNTHPROF_SOURCES=/photos"})

        seen.page.route("**/api/datasets", allowed)
        seen.page.route("**/match", refused)
        page = seen.open("?dataset=drawn&view=derived")
        section = page.locator("section", has=page.get_by_role("heading", name="Near-identical pictures"))
        folder = section.get_by_label("Folder, table or tar file")
        assert not folder.is_visible()
        section.locator("select[name=of]").select_option("elsewhere")
        folder.fill("/etc")
        section.get_by_role("button", name="Match").click()
        section.get_by_text("is not below SYNTHPROF_SOURCES").wait_for()
        assert sent == [{"features": 0, "pictures": "/etc"}]
        assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]
        seen.problems[:] = [each for each in seen.problems if "409" not in each]
        found = re.compile(r"^of a folder; 41 pictures; [1-9]\d* pairs? in [1-9]\d* groups?")
        section.get_by_text(found).wait_for()
        section.get_by_role("link", name="Pairs side by side").first.click()
        page.get_by_role("heading", name=re.compile("pairs? of near-identical pictures")).wait_for()
        assert page.locator("li img").count() == 2 * page.locator("li").count() > 0
        assert page.locator("li img").first.evaluate("image => image.naturalWidth") > 0
        assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]
