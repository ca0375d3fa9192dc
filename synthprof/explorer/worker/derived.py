"""Exports, workloads, loads and measurements of a version, as models of the HTTP API."""

import os
from contextlib import suppress
from typing import Any

import pyarrow as pa
from pydantic import ValidationError

from synthprof.base.permitted import SOURCES
from synthprof.explorer.models.derived import (
    ClassFacts,
    ExportFacts,
    Exports,
    FilterFacts,
    LoadFacts,
    Loads,
    Matches,
    MatchFacts,
    MeasurementFacts,
    Measurements,
    PicturesOf,
    WorkloadFacts,
    Workloads,
)
from synthprof.explorer.worker.open_versions import NotFound
from synthprof.explorer.worker.opening import OPENING, opened
from synthprof.versions.derived import (
    EXPORTS,
    PICTURE,
    WORKLOADS,
    Derived,
    Load,
    Measurement,
    derived_of,
    loads_of,
    matches_beside,
    measurements_of,
)
from synthprof.versions.matches import PAIRS_PAGE, read_match
from synthprof.versions.queries import read_classes, read_filters
from synthprof.versions.version import Version

SHOWN_MEASUREMENTS = 50


def exports_of(version: Version) -> Exports:
    """Return the exports of a version, also those in the making."""
    return Exports(exports=[_export(each) for each in derived_of(version, EXPORTS)], formats=[*OPENING])


def workloads_of(version: Version) -> Workloads:
    """Return the workloads of a version, also those in the making."""
    return Workloads(workloads=[_workload(each) for each in derived_of(version, WORKLOADS)])


def matches_of(version: Version) -> Matches:
    """Return the matches of a version's pictures and of pictures elsewhere, also those in the making."""
    pictures = _pictures_of(version)
    return Matches(
        matches=[_match(each, pictures) for each in matches_beside(version)],
        pictures=pictures,
        elsewhere=bool(os.environ.get(SOURCES)),
    )


def match_page_of(version: Version, name: str) -> str:
    """Return the path of the page of a finished match. Raises NotFound."""
    for each in matches_beside(version):
        if each.folder.name == name and each.state == "finished" and (each.folder / PAIRS_PAGE).is_file():
            return str(each.folder / PAIRS_PAGE)
    raise NotFound(f"beside version {version.name} there is no finished match {name!r}")


def _pictures_of(version: Version) -> PicturesOf | None:
    if version.spec.pictures:
        return "thumbnails"
    return "avatars" if version.spec.avatars else None


def all_loads_of(version: Version) -> Loads:
    """Return the loads of a version."""
    return Loads(loads=[_load(each) for each in loads_of(version)])


def all_measurements_of(version: Version) -> Measurements:
    """Return the last measurements of a version; those of another form are left out."""
    found = []
    for each in measurements_of(version)[:SHOWN_MEASUREMENTS]:
        try:
            found.append(_measurement(each))
        except ValidationError:
            continue
    return Measurements(measurements=found)


def picture_of(version: Version, name: str) -> str:
    """Return the path of a measurement's picture. Raises NotFound."""
    for each in measurements_of(version):
        if each.folder.name == name and (each.folder / PICTURE).is_file():
            return str(each.folder / PICTURE)
    raise NotFound(f"version {version.name} has no measurement {name[:80]!r} with a picture")


def _export(found: Derived) -> ExportFacts:
    output = found.output
    finished = found.state == "finished"
    return ExportFacts(
        name=found.folder.name,
        format=output.name,
        key=output.key,
        state=found.state,
        rows=output.rows,
        files=len(output.files),
        bytes=_bytes_of(found),
        at=found.at,
        folder=str(found.folder),
        options=output.options,
        opened=opened(output.name, found.folder, [each.path for each in output.files]) if finished else "",
    )


def _bytes_of(found: Derived) -> int:
    """Return the bytes of its files; of one in the making those that are there now."""
    if found.state == "finished":
        return found.output.bytes_total
    total = 0
    for path in found.folder.rglob("*"):
        with suppress(OSError):  # it is replaced or finished meanwhile
            total += path.stat().st_size if path.is_file() else 0
    return total


def _workload(found: Derived) -> WorkloadFacts:
    output, problem = found.output, None
    counts = output.details.get("classes", {})
    classes = {name: {"queries": count, "hardness": None} for name, count in counts.items()}
    filters: list[FilterFacts] = []
    if found.state == "finished":
        try:
            classes = read_classes(found.folder)
            filters = [_filter(each) for each in read_filters(found.folder)]
        except (OSError, KeyError, pa.ArrowException) as error:
            problem = f"its files cannot be read ({error}); remove the folder and make the workload again"
    return WorkloadFacts(
        key=output.key,
        state=found.state,
        queries=output.options["queries"],
        space=output.options["space"],
        metrics=output.options["metrics"],
        streams=[name for name in output.options.get("streams", []) if name != "none"],
        classes=[ClassFacts(name=name, **facts) for name, facts in classes.items()],
        filters=filters,
        bytes=_bytes_of(found),
        at=found.at,
        folder=str(found.folder),
        problem=problem,
    )


def _match(found: Derived, pictures: PicturesOf | None) -> MatchFacts:
    output, problem = found.output, None
    told: dict[str, Any] = dict.fromkeys(("pairs", "groups", "recall", "precision"))
    if found.state == "finished":
        try:
            told = read_match(found.folder)
        except (OSError, ValueError, KeyError, pa.ArrowException) as error:
            problem = f"its files cannot be read ({error}); remove the folder and match again"
    return MatchFacts(
        name=found.folder.name,
        of=pictures if output.version and pictures else "elsewhere",
        key=output.key,
        state=found.state,
        pictures=output.rows,
        options=output.options,
        bytes=_bytes_of(found),
        at=found.at,
        folder=str(found.folder),
        problem=problem,
        **told,
    )


def _filter(row: dict[str, Any]) -> FilterFacts:
    return FilterFacts(
        name=row["name"],
        kind=row["kind"],
        rows=row["rows"],
        selectivity=row["measured_selectivity"],
        correlation=row["measured_correlation"],
    )


def _load(found: Load) -> LoadFacts:
    names = ("into", "table", "rows", "left_out", "workload")
    told = {name: getattr(found.progress, name) for name in names}
    return LoadFacts(**told, state=found.state, at=found.at)


def _measurement(found: Measurement) -> MeasurementFacts:
    names = ("target", "workload", "metric", "points", "skipped")
    told = {name: found.told.get(name) for name in names}
    return MeasurementFacts.model_validate(
        told | {"name": found.folder.name, "at": found.at, "folder": str(found.folder)}
    )
