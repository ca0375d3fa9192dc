"""An embedding service that fails: what is lost, what is asked for again, how many requests it takes.

    python benchmarks/bench_service.py faults      50,000 texts; 5 % 429, 2 % 500, 1 % null, 0.1 % poison
    python benchmarks/bench_service.py outage      20,000 texts, the service out for 60 s in the middle
    python benchmarks/bench_service.py kills       20,000 profiles, the run killed 50 times at random

The service is tests/fault_server.py in a thread of this process. Ideal is texts / batch_size requests. Raw
results go to benchmarks/results/service-<what>.json.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "tests" / "support"))

from fault_server import POISON, Faults, serving, vector  # noqa: E402

from synthprof.encoders.slow.answers import Answers, text_digest  # noqa: E402
from synthprof.encoders.slow.asking import Effort, Embedder  # noqa: E402
from synthprof.encoders.slow.encoder import KNOWN_GOOD  # noqa: E402
from synthprof.encoders.slow.http import HttpEncoder, endpoint_of  # noqa: E402
from synthprof.runner.run import run_all  # noqa: E402
from synthprof.spec.request import Request  # noqa: E402
from synthprof.spec.spec import Runtime  # noqa: E402

DIM = 32


def main() -> None:
    """Measure one thing, print and write it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=("faults", "outage", "kills"))
    parser.add_argument("--texts", type=int, default=0)
    parser.add_argument("--batch-size", type=int, default=Runtime().batch_size)
    parser.add_argument("--in-flight", type=int, default=4)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--results", type=Path, default=HERE / "results")
    options = parser.parse_args()
    options.results.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    results = {"faults": faults, "outage": outage, "kills": kills}[options.what](options)
    results["seconds"] = round(time.monotonic() - began, 1)
    text = json.dumps(results, indent=1)
    print(text)
    (options.results / f"service-{options.what}.json").write_text(text + "\n")


def faults(options: argparse.Namespace) -> dict[str, Any]:
    """Every good text stored, exactly the poison recorded, in so many requests."""
    count = options.texts or 50_000
    texts = [f"perfil {i}" + (f" {POISON}" if i % 1_000 == 500 else "") for i in range(count)]
    server = Faults(dim=DIM, busy=0.05, error=0.02, null=0.01)
    embedded = _embed(server, texts, options)
    poison = np.array([POISON in text for text in texts])
    wide = np.array([vector(text, DIM) for text in texts])
    unit = wide / np.linalg.norm(wide, axis=1, keepdims=True)
    recorded = set(embedded.failures)
    return _common(server, texts, options) | {
        "poison_texts": int(poison.sum()),
        "recorded": len(recorded),
        "exactly_the_poison": recorded == {text_digest(text) for text in texts if POISON in text},
        "good_rows_right": int((np.abs(embedded.embeddings - unit)[~poison] < 1e-6).all(axis=1).sum()),
        "good_rows": int((~poison).sum()),
    }


def outage(options: argparse.Namespace) -> dict[str, Any]:
    """Check that an outage records nothing and that nothing is answered twice."""
    count = options.texts or 20_000
    texts = [f"perfil {i}" for i in range(count)]
    server = Faults(dim=DIM, out_from=count // options.batch_size // 2, out_seconds=60)
    embedded = _embed(server, texts, options)
    return _common(server, texts, options) | {
        "out_seconds": 60,
        "recorded": len(embedded.failures),
        "missing": int(np.isnan(embedded.embeddings[:, 0]).sum()),
        "answered_twice": sum(server.answered[text] > 1 for text in texts),
    }


def kills(options: argparse.Namespace) -> dict[str, Any]:
    """Check that killed runs give the same bytes as undisturbed ones, and ask for few texts again."""
    count = options.texts or 20_000
    params = {
        "profiles": count, "dim_embedding": DIM, "encoder": "http", "model": "m", "workers": 1,
        "batch_size": options.batch_size, "requests_in_flight": options.in_flight,
    }  # fmt: skip
    pick = random.Random(1)
    with tempfile.TemporaryDirectory() as folder:
        plain = _run(Faults(dim=DIM), Path(folder, "plain"), params)
        server = Faults(dim=DIM, seconds=0.002)
        with serving(server) as url:
            os.environ["SYNTHPROF_EMBEDDINGS_URL"] = url
            for kill in range(options.kills):
                _kill_one(
                    server, Path(folder, "killed"), params, count * (kill + pick.random()) / options.kills
                )
        final = _run(server, Path(folder, "killed"), params)
    again = server.asked.total() - len(server.asked) - (server.asked[KNOWN_GOOD] - 1)
    return _common(server, [""] * count, options) | {
        "kills": options.kills,
        "same_content": final == plain,
        "asked_again": again,
        "bound_kills_x_batch_size": options.kills * options.batch_size,
    }


def _kill_one(server: Faults, home: Path, params: dict[str, Any], asked: float) -> None:
    """Kill a run in its own process soon after the server has been asked for so many texts."""
    words = [f"--{name.replace('_', '-')}={value}" for name, value in params.items()]
    child = subprocess.Popen(
        [sys.executable, "-m", "synthprof", "run", *words],
        env=os.environ | {"SYNTHPROF_HOME": str(home)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    before = server.requests
    while child.poll() is None and not (server.requests > before + 1 and server.asked.total() >= asked):
        time.sleep(0.001)
    child.kill()
    child.wait()


def _run(server: Faults, home: Path, params: dict[str, Any]) -> str:
    with serving(server) as url:
        os.environ["SYNTHPROF_EMBEDDINGS_URL"] = url
        return str(run_all(Request.from_params(params), home).published["content"])


def _embed(server: Faults, texts: list[str], options: argparse.Namespace) -> Any:
    effort = Effort(batch_size=options.batch_size, requests_in_flight=options.in_flight)
    with (
        tempfile.TemporaryDirectory() as folder,
        serving(server) as url,
        Answers(Path(folder), "m", DIM) as answers,
        HttpEncoder(endpoint_of({"SYNTHPROF_EMBEDDINGS_URL": url}, 60, 900), "m", DIM) as service,
    ):
        return Embedder(service, answers, effort).embed(texts)


def _common(server: Faults, texts: list[str], options: argparse.Namespace) -> dict[str, Any]:
    ideal = len(texts) / options.batch_size
    return {
        "texts": len(texts),
        "batch_size": options.batch_size,
        "requests_in_flight": options.in_flight,
        "requests": server.requests,
        "requests_over_ideal": round(server.requests / ideal, 4),
    }


if __name__ == "__main__":
    main()
