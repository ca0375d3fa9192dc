"""Pictures embedded per second by 1 and 2 workers, in CPU time and by the clock, and where the time goes.

    python benchmarks/bench_pictures.py > benchmarks/results/pictures.txt

Photographs of 1,600 x 1,200 pixels are drawn as noise of several sizes and saved as JPEG, about 300 KB each:
they cost a decoder as much as real ones. Runs alternate between 1 and 2 workers. Others may use the machine:
where they do, compare CPU time and the clock of runs side by side, not single figures. The share outside
decode and model is of one run: the threads' own time in both, and the CPU time of the stage. Thumbnails,
digests, reading and the start of the model are outside.
"""

import argparse
import functools
import itertools
import multiprocessing
import os
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "support"))

from picture_sets import DIM, PARAMS, TINY

from synthprof.encoders.slow.clip import ClipEncoder
from synthprof.encoders.slow.onnx_towers import OnnxTowers
from synthprof.runner.run import run_all
from synthprof.sources.pictures.decode import decoded
from synthprof.spec.request import Request
from synthprof.stages import pictures
from synthprof.stages.import_rows import resolve_source
from synthprof.stages.thumbnails import LEAST, Thumbnails

DRAWN = 60
"""Photographs that differ in their pixels, too; to draw one takes as long as to embed twenty."""


@dataclass(frozen=True)
class _Decoded:
    """A picture that is decoded already, as an encoder asks for it."""

    decoded: Image.Image

    def image(self, least: int) -> Image.Image:
        return self.decoded


def photograph(stream: np.random.Generator) -> Image.Image:
    """Return a picture of 1,600 x 1,200 pixels with large and small structures."""
    layers = [
        np.asarray(
            Image.fromarray(stream.integers(0, 256, (side * 3, side * 4, 3), dtype=np.uint8)).resize(
                (1_600, 1_200), Image.Resampling.BICUBIC
            ),
            np.float32,
        )
        for side in (2, 9, 60)
    ]
    return Image.fromarray((0.5 * layers[0] + 0.3 * layers[1] + 0.2 * layers[2]).astype(np.uint8))


def draw(folder: Path, count: int) -> int:
    """Write so many photographs into the folder, and return their bytes."""
    folder.mkdir()
    stream = np.random.default_rng(1)
    for number in range(min(count, DRAWN)):
        photograph(stream).save(folder / f"{number:05}.jpg", quality=88)
    for number in range(DRAWN, count):  # the same pixels in another file: bytes after its end are not read
        content = (folder / f"{number % DRAWN:05}.jpg").read_bytes()
        (folder / f"{number:05}.jpg").write_bytes(content + str(number).encode())
    total = sum(path.stat().st_size for path in folder.iterdir())
    return total


class Inside:
    """CPU seconds of threads within functions; a function counts for the time that it is watched."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._lock = threading.Lock()

    @contextmanager
    def watching(self, *places: tuple[Any, str]) -> Iterator[None]:
        """Count the functions of these names in their owners."""
        kept = [(owner, name, getattr(owner, name)) for owner, name in places]
        for owner, name, function in kept:
            setattr(owner, name, self._timed(function))
        try:
            yield
        finally:
            for owner, name, function in kept:
                setattr(owner, name, function)

    def _timed(self, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def timed(*given: Any) -> Any:
            began = time.thread_time()
            try:
                return function(*given)
            finally:
                with self._lock:
                    self.seconds += time.thread_time() - began

        return timed


def embed(source: Path, home: Path, workers: int) -> tuple[float, float, float, float]:
    """Seconds by the clock of the run and of `vectorize`, its CPU seconds, and those in decode and model."""
    inside = Inside()
    params = PARAMS | {"source": str(source), "workers": workers, "model": str(TINY)}
    began = time.monotonic()
    with inside.watching((pictures, "decoded"), (OnnxTowers, "picture")):
        done = run_all(resolve_source(Request.from_params(params), home), home)
    whole = time.monotonic() - began
    stage = next(each for each in done.receipts if each.stage == "vectorize")
    shutil.rmtree(home)
    return whole, stage.seconds, stage.cpu_seconds, inside.seconds


def parts(files: list[Path]) -> dict[str, float]:
    """CPU seconds of decoding, the model with its resizing, and thumbnails, each on one thread."""
    clip, thumbnails = ClipEncoder(str(TINY), DIM), Thumbnails()
    clip.check()
    found = dict.fromkeys(("decode", "resize and model", "thumbnail", "read"), 0.0)
    for path in files:
        marks = [time.thread_time()]
        content = path.read_bytes()
        marks.append(time.thread_time())
        image = decoded(content, LEAST)
        marks.append(time.thread_time())
        clip.ask([_Decoded(image)])
        marks.append(time.thread_time())
        thumbnails.add(path.name.encode(), image)
        marks.append(time.thread_time())
        for name, place in (("read", 0), ("decode", 1), ("resize and model", 2), ("thumbnail", 3)):
            found[name] += marks[place + 1] - marks[place]
    return found


def _work(files: list[Path], seconds: float, done: "list[int]") -> None:
    """Decode and embed one picture after the other for so long; count them in `done`."""
    clip = _SHARED or ClipEncoder(str(TINY), DIM)
    thumbnails = Thumbnails()
    end = time.monotonic() + seconds
    for number in itertools.count():
        if time.monotonic() > end:
            return
        image = decoded(files[number % len(files)].read_bytes(), LEAST)
        clip.ask([_Decoded(image)])
        thumbnails.add(str(number).encode(), image)
        done.append(1)


_SHARED: ClipEncoder | None = None


def _threads(files: list[Path], seconds: float, count: int, told: "multiprocessing.Queue[int]") -> None:
    """Put how many pictures so many threads of this process have done."""
    global _SHARED
    _SHARED = ClipEncoder(str(TINY), DIM)
    _SHARED.check()
    done: list[int] = []
    threads = [threading.Thread(target=_work, args=(files, seconds, done)) for _ in range(count)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    told.put(len(done))


def scaling(files: list[Path], seconds: float) -> tuple[int, int]:
    """Return the pictures of two threads of one process, and of two processes, all at the same time.

    Processes share nothing, so two are twice as fast as one; what else the machine does meets all alike.
    """
    context = multiprocessing.get_context("spawn")
    queues = [context.Queue() for _ in range(3)]
    counts = (2, 1, 1)
    processes = [
        context.Process(target=_threads, args=(files, seconds, count, queue))
        for count, queue in zip(counts, queues, strict=True)
    ]
    for each in processes:
        each.start()
    together, *apart = (queue.get() for queue in queues)
    for each in processes:
        each.join()
    return together, sum(apart)


def main() -> None:
    """Measure, and print a line for each figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=int, default=1_200)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=20)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        source = Path(place) / "photos"
        total = draw(source, options.pictures)
        print(
            f"{options.pictures} JPEGs of 1,600 x 1,200 pixels, {total / options.pictures / 1e3:.0f} KB each"
        )
        found = parts(sorted(source.iterdir())[:300])
        for name, seconds in found.items():
            print(f"{name:18} {1e3 * seconds / min(300, options.pictures):7.2f} ms of CPU a picture")
        for number in range(options.rounds):
            load = os.getloadavg()[0]
            together, apart = scaling(sorted(source.iterdir()), options.seconds)
            print(
                f"round {number + 1}: {together} pictures by 2 threads of a process, {apart} by 2 processes",
                end=": ",
            )
            print(f"2 threads do {2 * together / apart:.2f} times what one does", flush=True)
            runs = {workers: embed(source, Path(place) / "home", workers) for workers in (1, 2)}
            for workers, (whole, stage, cpu, inside) in runs.items():
                print(f"round {number + 1}, load {load:.1f}, {workers} workers:", end=" ")
                print(f"vectorize {stage:6.2f} s, {cpu:6.2f} s of CPU ({cpu / stage:4.2f} cores)", end=", ")
                print(f"{options.pictures / stage:6.1f} pictures/s", end="; ")
                print(f"outside decode and model {100 * (1 - inside / cpu):4.1f} % of CPU", end="; ")
                print(f"all stages {whole:6.2f} s", flush=True)
            print(f"round {number + 1}: 2 workers are {runs[1][1] / runs[2][1]:.2f} times as fast as 1")


if __name__ == "__main__":
    main()
