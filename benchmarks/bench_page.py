"""Waiting times of a reader of the explorer, seen from a browser.

    python benchmarks/bench_page.py --home data --dataset gamers                 over `synthprof serve`
    python benchmarks/bench_page.py --url http://127.0.0.1:8080/synthprof        over a running Airflow

Each time a fresh browser context with empty caches. `first_paint`: until anything is drawn; `version`: until
all that is known of the version is shown; `map`: until its points, at most 100,000, have been painted.
Milliseconds from the start of the navigation. Raw results go to benchmarks/results/bench_page_<rows>.json.
"""

import argparse
import json
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, sync_playwright

HERE = Path(__file__).parent
WATCH = """
window.shown = new Promise((resolve) => {
  const look = () => {
    if (!document.querySelector(SELECTOR)) requestAnimationFrame(look);
    else requestAnimationFrame(() => setTimeout(() => resolve(performance.now())));
  };
  look();
});
"""
"""Resolves when what is waited for stands in the page and a frame with it has been drawn."""

VERSION = "main:not([aria-busy]) .stages"
MAP = "canvas[data-points]"


def main() -> None:
    """Print and write the waiting times."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--url", help="of a running explorer, instead of starting one")
    parser.add_argument("--home", type=Path, default=Path("data"))
    parser.add_argument("--dataset", default="gamers")
    parser.add_argument("--repeat", type=int, default=20)
    options = parser.parse_args()
    with (
        served(options.home) if options.url is None else given(options.url) as url,
        sync_playwright() as driver,
    ):
        browser = driver.chromium.launch(
            executable_path=shutil.which("chromium") or shutil.which("chromium-browser"),
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        found = measure(browser, url.rstrip("/"), options)
        browser.close()
    text = json.dumps(found, indent=2)
    print(text)
    (HERE / "results" / f"bench_page_{found['rows']}.json").write_text(text + "\n")


def measure(browser: Browser, url: str, options: argparse.Namespace) -> dict[str, Any]:
    """Measure the waiting times of one data set."""
    place = f"{url}/?dataset={options.dataset}"
    first = look(browser, place, VERSION)  # by then its process has started and has read what there is
    seen = [look(browser, place, VERSION) for _ in range(options.repeat)]
    maps = [look(browser, f"{place}&view=map&points=100000", MAP) for _ in range(options.repeat)]
    return {
        "rows": first["rows"],
        "points": maps[0]["points"],
        "url": re.sub(r":\d+", "", url),
        "cold_version": first["shown"],
        "first_paint": spread([each["paint"] for each in seen]),
        "version": spread([each["shown"] for each in seen]),
        "map": spread([each["shown"] for each in maps]),
        "machine": {
            "cores": len(os.sched_getaffinity(0)),
            "load": os.getloadavg()[0],
            "platform": platform.platform(),
            "browser": browser.version,
        },
    }


def look(browser: Browser, place: str, selector: str) -> dict[str, Any]:
    """One reader, who has never been there."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, locale="en-GB")
    page = context.new_page()
    page.add_init_script(WATCH.replace("SELECTOR", json.dumps(selector)))
    page.goto(place)
    shown = page.evaluate("() => window.shown")
    rows = page.locator("#head .facts dd").first.inner_text()
    found = {
        "shown": round(shown),
        "paint": round(
            page.evaluate("() => performance.getEntriesByName('first-contentful-paint')[0].startTime")
        ),
        "rows": int(re.sub(r"\D", "", rows)),
        "points": int(page.locator("canvas").get_attribute("data-points")) if selector == MAP else None,
    }
    context.close()
    return found


def spread(times: list[float]) -> dict[str, float]:
    """Median, 95th percentile and maximum."""
    ranked = sorted(times)
    p95 = ranked[min(len(ranked) - 1, int(0.95 * len(ranked)))]
    return {"median_ms": statistics.median(ranked), "p95_ms": p95, "max_ms": ranked[-1]}


@contextmanager
def given(url: str) -> Iterator[str]:
    """Yield an explorer that runs already."""
    yield url


@contextmanager
def served(home: Path) -> Iterator[str]:
    """`synthprof serve` over that data root."""
    process = subprocess.Popen(
        [sys.executable, "-m", "synthprof", "serve", "--port", "0"],
        env=os.environ | {"SYNTHPROF_HOME": str(home), "COLUMNS": "200"},
        text=True,
        stdout=subprocess.PIPE,
    )
    try:
        line = process.stdout.readline() if process.stdout else ""
        yield re.findall(r"http://\S+?:\d+", line)[0]
    finally:
        process.terminate()
        process.communicate(timeout=60)


if __name__ == "__main__":
    main()
