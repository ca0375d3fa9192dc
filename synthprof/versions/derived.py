"""Exports, workloads, matches, scores, loads and measurements beside a version. Read only, and light."""

import datetime
import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from synthprof.base.kinds import read_bytes
from synthprof.base.locks import is_held
from synthprof.store import loads
from synthprof.store.loads import Progress
from synthprof.store.outputs import BEGUN, OUTPUT, Output, begun_outputs, outputs

if TYPE_CHECKING:
    from synthprof.versions.version import Version

EXPORTS, WORKLOADS, MATCHES, SCORED = "exports", "workloads", "matches", "scores"
"""Folders of a data set, which are the kinds of their manifests."""

MEASUREMENTS = "measurements"
"""The folder of measurements, which have no manifest."""

CLASSES = ("in_distribution", "hard", "near_copy", "text")
"""Classes of queries. in_distribution: a row that the generator would draw next. hard: between archetypes.
near_copy: a row of the version changed in a few columns. text: plain language, out of distribution."""

MEASURED, PICTURE = "measure.json", "measure.svg"
"""The points of a measurement, and the picture of them."""

State = Literal["finished", "working", "stopped"]
"""stopped: it was cut short, and the same order goes on."""


@dataclass(frozen=True)
class Derived:
    """A folder that was derived from a version. at: the moment of its manifest, ISO 8601 in UTC."""

    folder: Path
    output: Output
    state: State
    at: str


@dataclass(frozen=True)
class Load:
    """A load of a version by its checkpoint. at: the moment when that was written, ISO 8601 in UTC."""

    progress: Progress
    state: State
    at: str


@dataclass(frozen=True)
class Measurement:
    """A measurement on a workload of a version. told: the content of its file. at: ISO 8601 in UTC."""

    folder: Path
    told: dict[str, Any]
    at: str


def derived_of(version: "Version", kind: str) -> list[Derived]:
    """Return the exports, workloads, matches or scores of a version, also those in the making, by name."""
    return [each for each in derived_in(_home(version) / version.dataset / kind) if _is_of(each, version)]


def matches_beside(version: "Version") -> list[Derived]:
    """Return the matches of a version's own pictures, and those of pictures elsewhere that lie beside it."""
    every = derived_in(_home(version) / version.dataset / MATCHES)
    return [each for each in every if not each.output.version or _is_of(each, version)]


def in_the_making(home: Path) -> list[Derived]:
    """Return what is in the making below a data root, by data set and name."""
    parents = [path for kind in (EXPORTS, WORKLOADS, MATCHES, SCORED) for path in home.glob(f"*/{kind}")]
    return [each for parent in sorted(parents) for each in derived_in(parent) if each.state != "finished"]


def derived_in(parent: Path) -> Iterator[Derived]:
    """Yield the folders of a kind, the finished ones first."""
    for folder, output in outputs(parent):
        yield Derived(folder, output, "finished", _moment(folder / OUTPUT))
    for place, output in begun_outputs(parent):
        with suppress(FileNotFoundError):  # it was finished meanwhile
            state: State = "working" if is_held(place.lock) else "stopped"
            yield Derived(place.making, output, state, _moment(place.making / BEGUN))


def loads_of(version: "Version") -> list[Load]:
    """Return the loads of a version, by target."""
    found = []
    for path, progress in loads.loads(_home(version), version.dataset):
        if progress.version == version.name:
            state: State = "working" if is_held(loads.lock_of(path)) else "stopped"
            found.append(Load(progress, "finished" if progress.done else state, _moment(path)))
    return found


def measurements_of(version: "Version") -> list[Measurement]:
    """Return the measurements of a version, the youngest first; what cannot be read is left out."""
    found = []
    for path in (_home(version) / version.dataset / MEASUREMENTS).glob(f"[!.]*/{MEASURED}"):
        with suppress(OSError, ValueError):
            told = json.loads(read_bytes(path))
            if isinstance(told, dict) and told.get("version") == version.name:
                found.append(Measurement(path.parent, told, _moment(path)))
    return sorted(found, key=lambda each: (each.at, each.folder.name), reverse=True)


def _is_of(found: Derived, version: "Version") -> bool:
    return found.output.content == version.manifest.content and found.output.version == version.name


def _home(version: "Version") -> Path:
    return version.folder.parents[2]


def _moment(path: Path) -> str:
    moment = datetime.datetime.fromtimestamp(path.stat().st_mtime, datetime.UTC)
    return moment.isoformat(timespec="seconds")
