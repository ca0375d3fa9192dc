"""The launcher of `make ui` against `airflow standalone`: time to healthy, memory, and what SIGTERM leaves.

    python benchmarks/bench_launcher.py --repeat 3

Both ways get the same settings and an empty home each, in turn. Memory is the proportional set size of all
processes, ten seconds after the server is healthy. What still lives ten seconds after SIGTERM is counted,
then ended. Raw results go to benchmarks/results/launcher.json.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil

from synthprof.orchestration.local.home import Home
from synthprof.orchestration.local.rest import Airflow

WAYS = {
    "launcher": [sys.executable, "-m", "synthprof.orchestration.local", "ui", "--port"],
    "standalone": [sys.executable, "-m", "airflow", "standalone"],
}
SECONDS_TO_START, SECONDS_TO_SETTLE, SECONDS_TO_END = 180.0, 10.0, 10.0


def main() -> None:
    """Run both ways in turn, print and write what they took."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--port", type=int, default=18_090)
    options = parser.parse_args()
    facts: dict[str, Any] = {"cores": len(os.sched_getaffinity(0)), "runs": []}
    for _ in range(options.repeat):
        for way in WAYS:
            facts["runs"].append(_run(way, options.port))
            print(json.dumps(facts["runs"][-1]))
    path = Path(__file__).parent / "results" / "launcher.json"
    path.write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")


def _run(way: str, port: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        home = Home(Path(name) / "airflow", port)
        environment = os.environ | home.environment()
        environment |= {"SYNTHPROF_AIRFLOW_HOME": str(home.path), "SYNTHPROF_HOME": str(Path(name) / "data")}
        # `airflow standalone` starts its parts by the name `airflow`
        environment["PATH"] = f"{Path(sys.executable).parent}:{environment['PATH']}"
        command = WAYS[way] + ([str(port)] if way == "launcher" else [])
        began = time.monotonic()
        process = subprocess.Popen(
            command,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            healthy = _seconds_to_health(home, began)
            time.sleep(SECONDS_TO_SETTLE)
            every = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
            listening = {
                f"{each.laddr.ip}:{each.laddr.port}"
                for one in every
                for each in one.net_connections("tcp")
                if each.status == psutil.CONN_LISTEN
            }
            facts = {
                "way": way,
                "seconds_to_healthy": round(healthy, 1),
                "processes": len(every),
                "memory_mib": sum(each.memory_full_info().pss for each in every) >> 20,
                "listens_beyond_loopback": sorted(each for each in listening if not each.startswith("127.")),
            }
        finally:
            process.terminate()
        _, alive = psutil.wait_procs(every, timeout=SECONDS_TO_END)
        for each in alive:
            each.kill()
        process.wait()
        return facts | {"alive_after_sigterm": len(alive)}


def _seconds_to_health(home: Home, began: float) -> float:
    with Airflow(home.url) as airflow:
        while time.monotonic() - began < SECONDS_TO_START:
            if airflow.healthy():
                return time.monotonic() - began
            time.sleep(0.2)
    raise TimeoutError(f"not healthy after {SECONDS_TO_START:.0f} s")


if __name__ == "__main__":
    main()
