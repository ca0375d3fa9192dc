"""Waiting times of the explorer inside a running Airflow, and of Airflow beside it.

    python benchmarks/bench_explorer.py --rows 20000                    a data set made in a temporary folder
    python benchmarks/bench_explorer.py --rows 1000000 --home data --dataset gamers

First paint: everything that the page asks before it shows a version, one after the other, the caches warm
(`cold` is the very first time). Map: 100,000 points with their colours. Search: 8 clients that each ask
again as soon as they have an answer, while Airflow's own health is asked five times a second. Wall time over
loopback, as a browser would measure it. Raw results go to benchmarks/results/bench_explorer_<rows>.json.
"""

import argparse
import json
import os
import platform
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from synthprof.runner.run import run_all
from synthprof.spec.request import Request

HERE = Path(__file__).parent
CLIENTS = 8
HEALTH = "/api/v2/monitor/health"
TEXTS = (
    "joga RPG de madrugada no PC",
    "mulher de Recife que gosta de Valorant e joga à noite",
    "competitivo, com microfone, nos fins de semana",
    "gosta de sertanejo e joga no celular",
    "pai de família que joga FIFA no PlayStation",
    "estudante que joga Minecraft com amigos",
)


def main() -> None:
    """Make the data set if it is not there, start Airflow, measure, print and write the results."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=42)
    parser.add_argument("--dataset", default="bench-explorer")
    parser.add_argument("--home", type=Path)
    parser.add_argument("--repeat", type=int, default=40)
    parser.add_argument("--searches", type=int, default=1_000)
    parser.add_argument("--results", type=Path, default=HERE / "results")
    options = parser.parse_args()
    options.results.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        home = (options.home or Path(scratch) / "data").absolute()
        params = {"dataset": options.dataset, "profiles": options.rows, "seed": options.seed}
        run_all(Request.from_params(params), home)
        with airflow(Path(scratch), home) as url:
            results = measure(url, options)
    text = json.dumps(results, indent=1)
    print(text)
    (options.results / f"bench_explorer_{options.rows}.json").write_text(text + "\n")


@contextmanager
def airflow(scratch: Path, home: Path) -> Iterator[str]:
    """Start an Airflow of its own, with all its parts, and yield its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")}
    environment |= {"SYNTHPROF_AIRFLOW_HOME": str(scratch / "airflow"), "SYNTHPROF_HOME": str(home)}
    command = [sys.executable, "-m", "synthprof.orchestration.local", "ui", "--port", str(port)]
    with subprocess.Popen(command, env=environment, text=True, stdout=subprocess.PIPE) as process:
        try:
            said = ""
            for line in process.stdout or ():
                said += line
                if "is ready" in line:
                    break
            else:
                raise RuntimeError(f"Airflow did not start: {said}")
            yield f"http://127.0.0.1:{port}"
        finally:
            process.send_signal(signal.SIGTERM)


def measure(url: str, options: argparse.Namespace) -> dict[str, Any]:
    """All figures, with the machine and its load when they were taken."""
    token = httpx.get(f"{url}/auth/token", timeout=60).json()["access_token"]
    headers = {"authorization": f"Bearer {token}"}
    one = f"/synthprof/api/datasets/{options.dataset}/versions/current"
    with httpx.Client(base_url=url, headers=headers, timeout=60) as client:
        paint = ["/synthprof/", "/synthprof/api/datasets", one, f"{one}/marginals", f"{one}/clusters"]
        cold = timed(client, paint)
        paints = [timed(client, paint) for _ in range(options.repeat)]
        maps = [timed(client, [f"{one}/map?points=100000&colour=cluster"]) for _ in range(options.repeat)]
        alone = [timed(client, [HEALTH]) for _ in range(options.repeat)]
        load_of_search = timed(client, [f"{one}/search?text=RPG"])
        searches, statuses, health = search(url, headers, one, options.searches)
    return {
        "rows": options.rows,
        "machine": {"cores": os.cpu_count(), "python": platform.python_version(), "load": os.getloadavg()},
        "first_paint": {"cold_ms": milliseconds(cold), **spread(paints)},
        "map_100000": spread(maps),
        "search": {
            "clients": CLIENTS,
            "first_ms": milliseconds(load_of_search),
            "per_second": round(len(searches) * CLIENTS / sum(searches), 1),
            "statuses": statuses,
            **spread(searches),
        },
        "health_alone": spread(alone),
        "health_while_searched": spread(health),
    }


def timed(client: httpx.Client, paths: list[str]) -> float:
    """Seconds until all answers were there; an answer that is no success is an error."""
    begin = time.perf_counter()
    for path in paths:
        client.get(path).raise_for_status()
    return time.perf_counter() - begin


def search(
    url: str, headers: dict[str, str], one: str, count: int
) -> tuple[list[float], dict[int, int], list[float]]:
    """Seconds of each search, how many had which status, and seconds of each look at Airflow's health."""
    ended = threading.Event()

    def ask(caller: int) -> list[tuple[float, int]]:
        found = []
        with httpx.Client(base_url=url, headers=headers, timeout=60) as client:
            for number in range(count // CLIENTS):
                text = TEXTS[(number + caller) % len(TEXTS)]
                begin = time.perf_counter()
                status = client.get(f"{one}/search", params={"text": text, "k": 10}).status_code
                found.append((time.perf_counter() - begin, status))
        return found

    def look() -> list[float]:
        seconds = []
        with httpx.Client(base_url=url, headers=headers, timeout=60) as client:
            while not ended.wait(0.2):
                seconds.append(timed(client, [HEALTH]))
        return seconds

    with ThreadPoolExecutor(CLIENTS + 1) as threads:
        looking = threads.submit(look)
        asked = [threads.submit(ask, caller) for caller in range(CLIENTS)]
        found = [each for caller in asked for each in caller.result()]
        ended.set()
        health = looking.result()
    return [seconds for seconds, _ in found], dict(Counter(status for _, status in found)), health


def spread(seconds: list[float]) -> dict[str, float]:
    """Milliseconds within which half, 95 % and 99 % of the answers came, and the longest."""
    ordered = sorted(seconds)
    at = {"p50": 0.5, "p95": 0.95, "p99": 0.99}
    shares = {name: ordered[min(len(ordered) - 1, int(share * len(ordered)))] for name, share in at.items()}
    return {f"{name}_ms": milliseconds(value) for name, value in {**shares, "longest": ordered[-1]}.items()}


def milliseconds(seconds: float) -> float:
    """Return the same in milliseconds, with one decimal."""
    return round(1000 * seconds, 1)


if __name__ == "__main__":
    main()
