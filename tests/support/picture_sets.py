"""Folders of drawn pictures, and the data sets made of them with the tiny model."""

from pathlib import Path
from typing import Any

from drawn_pictures import Scene, many

from synthprof.runner.run import run_all
from synthprof.spec.request import Request
from synthprof.stages.import_rows import resolve_source
from synthprof.versions.version import Version, open_version

TINY = Path(__file__).parents[1] / "encoders" / "tiny_clip"
DIM = 64

AVATARS = TINY.with_name("tiny_avatar_clip")
"""A model that knows what avatars show, and the words of their captions."""

AVATARS_DIM = 96

PARAMS: dict[str, Any] = {
    "dataset": "drawn", "kind": "images", "encoder": "clip", "model": str(TINY), "dim_embedding": DIM,
    "clusters": 1, "kmeans_niter": 3, "workers": 1, "index": "flat",
}  # fmt: skip


def draw_folder(folder: Path, count: int, seed: int = 5) -> dict[str, Scene]:
    """Draw pictures into a folder, as JPEG and PNG; return the scene of each by its name."""
    folder.mkdir(parents=True)
    found = {}
    for number, (scene, image) in enumerate(many(seed, count)):
        name = f"{number:05}.{'png' if number % 3 == 0 else 'jpg'}"
        image.save(folder / name)
        found[name] = scene
    return found


def scenes_of(count: int, seed: int = 5) -> dict[str, Scene]:
    """The scenes of a folder that `draw_folder` has drawn."""
    names = (f"{number:05}.{'png' if number % 3 == 0 else 'jpg'}" for number in range(count))
    return {name: scene for name, (scene, _) in zip(names, many(seed, count), strict=True)}


def make(home: Path, source: Path, **params: Any) -> Version:
    request = resolve_source(Request.from_params(PARAMS | {"source": str(source)} | params), home)
    run_all(request, home)
    return open_version(home, request.dataset)
