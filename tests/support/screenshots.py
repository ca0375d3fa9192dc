"""The pictures of the documentation, taken from a running Airflow: `make screenshots`."""

import argparse
import io
import signal
import sys
import tempfile
from pathlib import Path
from typing import Any

from browser import PATIENCE, chromium
from PIL import Image
from place import end, ended, make_place
from playwright.sync_api import Browser, FrameLocator, Page

from synthprof.orchestration.local.rest import Airflow

DAG = "synthprof_generate"
COLOURS = 256
MAX_BYTES = 250_000
WIDE = {"viewport": {"width": 1280, "height": 860}}
TALL = {"viewport": {"width": 1100, "height": 1130}}
PHONE = {"viewport": {"width": 390, "height": 780}, "device_scale_factor": 2, "has_touch": True}


def main() -> None:
    """The pictures lie in the folder, each small enough for a README."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--profiles", type=int, default=30_000)
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that Airflow is ended then, too
    with tempfile.TemporaryDirectory(prefix="synthprof-screenshots-") as scratch:
        place = make_place(Path(scratch))
        process = place.start_ui()
        try:
            runs = [_run(place.home.url, arguments.profiles, seed) for seed in (7, 42)]
            with chromium() as browser:
                _of_airflow(browser, place.home.url, runs[-1], arguments.folder)
                _of_explorer(browser, place.home.url, arguments.folder)
                _of_report(browser, place.data / "gamers" / "CURRENT" / "report.html", arguments.folder)
        finally:
            end(process)


def _run(url: str, profiles: int, seed: int) -> str:
    """The id of a run that has published."""
    with Airflow(url) as airflow:
        params = {"dataset": "gamers", "profiles": profiles, "seed": seed}
        run: str = airflow.trigger(DAG, params).raise_for_status().json()["dag_run_id"]
        assert ended(airflow, DAG, run, 900) == "success"
    return run


def _of_airflow(browser: Browser, url: str, run: str, folder: Path) -> None:
    page = _page(browser, **WIDE)
    page.goto(f"{url}/dags/{DAG}/runs/{run}")
    page.get_by_text("export_index").first.wait_for()
    _settle(page)
    _save(page, folder / "airflow-run.png")
    page.goto(f"{url}/dags/{DAG}")
    page.get_by_role("button", name="Trigger").first.click()
    page.get_by_role("dialog").get_by_text("Number of profiles").first.wait_for()
    _settle(page)
    _save(page, folder / "airflow-form.png")
    page.context.close()


def _of_explorer(browser: Browser, url: str, folder: Path) -> None:
    page = _page(browser, **WIDE)
    page.goto(f"{url}/plugin/synthprof")
    frame = page.frame_locator("iframe")
    frame.get_by_role("link", name="gamers", exact=True).click()
    frame.get_by_role("link", name="Map", exact=True).click()
    _profile(frame)
    _settle(page)
    _save(page, folder / "explorer-map.png")
    page.goto(f"{url}/synthprof/?dataset=gamers")
    page.get_by_role("heading", name="Quality").wait_for()
    _save(page, folder / "explorer-overview.png")
    page.goto(f"{url}/synthprof/?dataset=gamers&view=search&text=joga+RPG+de+madrugada+no+PC&where=idade>=30")
    page.locator(".hit").first.wait_for()
    _save(page, folder / "explorer-search.png")
    page.context.close()
    phone = _page(browser, **PHONE, color_scheme="dark")
    phone.goto(f"{url}/synthprof/?dataset=gamers&view=map")
    phone.locator("canvas[data-points]").wait_for()
    phone.locator(".tabs").evaluate("tabs => tabs.scrollIntoView()")
    _settle(phone)
    _save(phone, folder / "explorer-phone.png")
    phone.context.close()


def _of_report(browser: Browser, report: Path, folder: Path) -> None:
    page = _page(browser, **TALL)
    page.goto(report.as_uri())
    page.locator("#map .main-svg").first.wait_for()
    _settle(page)
    _save(page, folder / "report.png")
    page.context.close()


def _profile(frame: FrameLocator) -> None:
    """The map with the card of a profile beside it, reached by the keys."""
    frame.locator("canvas[data-points]").wait_for()
    canvas = frame.locator("canvas")
    for key in ("ArrowRight", "ArrowRight", "Enter"):
        canvas.press(key)
    frame.get_by_role("article").wait_for()


def _page(browser: Browser, **options: Any) -> Page:
    page = browser.new_context(locale="en-GB", **options).new_page()
    page.set_default_timeout(PATIENCE)
    return page


def _settle(page: Page) -> None:
    """The page, at rest: nothing slides or fades in any more."""
    page.wait_for_load_state("networkidle")
    page.evaluate(
        """() => Promise.all(document.getAnimations()
            .filter((each) => each.effect.getComputedTiming().endTime < 5000)  // others never end
            .map((each) => each.finished.catch(() => null)))"""
    )


def _save(page: Page, path: Path) -> None:
    """A picture of the page, in a palette of few colours."""
    shot = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    path.parent.mkdir(parents=True, exist_ok=True)
    shot.quantize(COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)
    size = path.stat().st_size
    if size > MAX_BYTES:
        sys.exit(f"{path} has {size:,} bytes, more than {MAX_BYTES:,}; show less in it")
    print(f"{path}: {size:,} bytes")


if __name__ == "__main__":
    main()
