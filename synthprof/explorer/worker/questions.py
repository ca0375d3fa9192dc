"""The answers to the explorer's questions, from what lies under the data root. Runs in the worker process."""

import datetime
import json
import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from pydantic import BaseModel

from synthprof.base.errors import SpecError, StageError, SynthprofError
from synthprof.base.files import is_there
from synthprof.explorer import models
from synthprof.explorer.worker.shelf import NotThere, Shelf
from synthprof.schemas.schema import Column
from synthprof.spec.contents import CLUSTER, MAP, OVERVIEW, REPORT
from synthprof.spec.limits import LARGEST_INTEGER
from synthprof.spec.spec import row_word_of
from synthprof.store.manifest import Manifest
from synthprof.store.receipts import Receipt
from synthprof.store.store import Store
from synthprof.versions.progress import Unfinished
from synthprof.versions.search import Hit, search_similar, search_text
from synthprof.versions.searcher import Query, Searcher
from synthprof.versions.unfinished import builds_of
from synthprof.versions.version import Version

Check = Callable[[], None]
"""Raises TimeoutError when the caller no longer waits."""


@dataclass(frozen=True)
class Asked:
    """What searches have in common: where to look, for how many, on which conditions, in all rows or not."""

    dataset: str
    version: str
    k: int
    where: Sequence[str]
    exact: bool
    check: Check


class Questions:
    """Every question by its name; each gives a model of `models`, or the JSON that says the same."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.shelf = Shelf(home)

    def datasets(self) -> list[models.Dataset]:
        """Every data set under the data root, in the order of their names."""
        return [self._dataset(name) for name in self.shelf.names()]

    def version(self, dataset: str, version: str) -> models.VersionFacts:
        """What the manifest of a version tells."""
        found = self._open(dataset, version)
        manifest, schema = found.manifest, found.schema
        index = next((each.details for each in manifest.stages if each.stage == "export_index"), None)
        return models.VersionFacts(
            **dict(_summary(manifest, self.shelf.is_current(manifest))),
            spec=manifest.spec,
            stages=[_stage(receipt) for receipt in manifest.stages],
            files=[models.File(**file.model_dump()) for file in manifest.files],
            index=None if index is None else {**index, **index.get("scores", {})},
            columns=[_column(column) for column in schema.columns],
        )

    def version_name(self, dataset: str, version: str) -> dict[str, str]:
        """The name of the version that is called so now."""
        return {"version": self._open(dataset, version).manifest.version}

    def marginals(self, dataset: str, version: str) -> bytes:
        """The shares of all columns that have a list of values, as the version's overview has them."""
        with self._overview(dataset, version) as overview:
            return json.dumps({"columns": overview["marginals"]}).encode()

    def clusters(self, dataset: str, version: str) -> bytes:
        """The clusters with what is typical of each, as the version's overview has them."""
        with self._overview(dataset, version) as overview:
            return json.dumps({name: overview[name] for name in ("clusters", "others")}).encode()

    def map(self, dataset: str, version: str, points: int, colour: str) -> models.MapOfPoints:
        """The first points of the version's map; their order is as random as any."""
        with (
            self._file(dataset, version, MAP) as path,
            pa.memory_map(str(path)) as file,
            pa.ipc.open_file(file) as reader,
        ):
            table = reader.read_all().slice(0, points)
            if colour not in _colours(table):
                raise SpecError(
                    f"colour={colour!r} is not on the map; use one of {', '.join(_colours(table))}"
                )
            categories, values = _coloured(table, colour)
            return models.MapOfPoints.model_construct(
                colour=colour,
                kind="number" if categories is None else "category",
                categories=categories,
                ids=table.column("id").to_pylist(),
                x=_rounded(table.column("x")),
                y=_rounded(table.column("y")),
                values=values,
            )

    def profile(self, dataset: str, version: str, profile_id: int) -> models.Card:
        """One profile and its cluster."""
        return models.Card(profile=_readable(_profile(self._open(dataset, version), profile_id)))

    def search(self, text: str, **asked: Any) -> models.Hits:  # noqa: ANN401
        """The profiles nearest to a text; the rest is as `Asked` has it."""
        return self._hits(Asked(**asked), lambda searcher, query: search_text(searcher, text, query))

    def similar(self, profile_id: int, **asked: Any) -> models.Hits:  # noqa: ANN401
        """The profiles nearest to one of them; the rest is as `Asked` has it."""
        wanted = Asked(**asked)
        _profile(self._open(wanted.dataset, wanted.version), profile_id)
        return self._hits(wanted, lambda searcher, query: search_similar(searcher, profile_id, query))

    def compare(self, dataset: str, left: str, right: str) -> models.Compared:
        """The shares that differ between two versions, by column, the largest distance first."""
        names = [self._open(dataset, name).manifest.version for name in (left, right)]
        one, other = (self._shares(dataset, name) for name in names)
        columns = [_compared(one[name], other[name]) for name in one if name in other]
        return models.Compared(
            left=names[0], right=names[1], columns=sorted(columns, key=lambda each: -each.distance)
        )

    def progress(self, dataset: str) -> models.Progress:
        """How far the builds of a data set are."""
        if dataset not in self.shelf.names():
            raise NotThere(f"no data set {dataset!r} in {self.home}; the page lists those there are")
        return models.Progress(builds=[_progress(each) for each in self._builds(dataset)])

    def report(self, dataset: str, version: str) -> str:
        """Where the report of a version lies."""
        with self._file(dataset, version, REPORT) as path:
            return str(path)

    def build(self, dataset: str, version: str) -> dict[str, str | None]:
        """The build that leads, or led, to this version."""
        found = self._builds(dataset)
        return {"build": next((each.build for each in found if each.version == version), None)}

    def _builds(self, dataset: str) -> list[Unfinished]:
        return builds_of(Store(self.home, dataset))

    def _dataset(self, name: str) -> models.Dataset:
        manifests, problems = self.shelf.manifests(name)
        summaries = [_summary(each, self.shelf.is_current(each)) for each in reversed(manifests)]
        return models.Dataset(
            dataset=name,
            current=next((each.version for each in summaries if each.current), None),
            versions=summaries,
            builds=[_build(each) for each in self._builds(name)],
            problems=problems,
        )

    def _hits(self, asked: Asked, search: Callable[[Searcher, Query], tuple[Hit, ...]]) -> models.Hits:
        searcher = self.shelf.searcher(asked.dataset, asked.version)
        asked.check()  # the index may have taken long to load
        began = time.monotonic()
        query = searcher.query(asked.k, asked.where, asked.exact)
        hits = search(searcher, replace(query, check=asked.check))
        results = [
            models.Hit(
                rank=hit.rank,
                id=hit.id,
                similarity=round(hit.similarity, 6),
                reasons=[str(reason) for reason in hit.reasons],
                profile=_readable(hit.profile),
            )
            for hit in hits
        ]
        return models.Hits(seconds=round(time.monotonic() - began, 6), results=results)

    def _open(self, dataset: str, version: str) -> Version:
        return self.shelf.version(dataset, version)

    def _shares(self, dataset: str, version: str) -> dict[str, Any]:
        with self._overview(dataset, version) as overview:
            return {each["column"]: each for each in overview["marginals"]}

    @contextmanager
    def _overview(self, dataset: str, version: str) -> Iterator[dict[str, Any]]:
        with self._file(dataset, version, OVERVIEW) as path:
            yield json.loads(path.read_bytes())

    @contextmanager
    def _file(self, dataset: str, version: str, name: str) -> Iterator[Path]:
        """The path of a version's file; StageError where it, or what is read in it inside, is damaged."""
        found = self._open(dataset, version)
        record = next((file for file in found.manifest.files if file.path == name), None)
        called = f"version {found.manifest.version} of {found.manifest.dataset!r}"
        if record is None:
            raise NotThere(
                f"{called} was published by an earlier release and has no {name}; make it again with "
                "`synthprof run`"
            )
        damaged = f"{name} of {called} is missing or damaged; `synthprof repair` makes it whole"
        if not is_there(found.folder, record):
            raise StageError(damaged)
        try:
            yield found.folder / name
        except SynthprofError:
            raise
        except (OSError, ValueError, LookupError, TypeError) as error:
            raise StageError(damaged) from error


def _summary(manifest: Manifest, current: bool) -> models.Summary:
    details = {receipt.stage: receipt.details for receipt in manifest.stages}
    scores = {name: manifest.scores.get(name) for name in models.Scores.model_fields}
    return models.Summary(
        dataset=manifest.dataset,
        version=manifest.version,
        current=current,
        rows=manifest.rows,
        row_word=row_word_of(manifest.spec.get("collection", "")),
        bytes=manifest.bytes_total,
        published_at=_utc(manifest.published_at),
        seed=manifest.spec["seed"],
        encoder=manifest.spec["encoder"],
        profile_schema=manifest.spec["profile_schema"],
        clusters=details.get("cluster", {}).get("clusters"),
        scores=models.Scores(**{name: _finite(value) for name, value in scores.items()}),
    )


def _utc(moment: str) -> str:
    return datetime.datetime.fromisoformat(moment).astimezone(datetime.UTC).isoformat(timespec="seconds")


def _finite(value: Any) -> float | None:  # noqa: ANN401
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else None


def _stage(receipt: Receipt) -> models.StageFacts:
    return models.StageFacts(
        stage=receipt.stage,
        shard=receipt.shard,
        rows=receipt.rows,
        seconds=receipt.seconds,
        rows_per_second=receipt.rows_per_second,
        cpu_seconds=receipt.cpu_seconds,
        peak_memory=receipt.peak_memory,
        bytes_written=receipt.bytes_written,
        details=receipt.details,
    )


def _column(column: Column) -> models.ColumnFacts:
    low, high = column.bounds or (None, None)
    return models.ColumnFacts(
        name=column.name,
        kind=column.kind,
        values=list(column.values) or None,
        minimum=low,
        maximum=high,
        doc=column.doc,
    )


def _profile(version: Version, profile_id: int) -> dict[str, Any]:
    try:
        return version.profile(profile_id)
    except SpecError as error:
        raise NotThere(str(error)) from None


def _readable(profile: dict[str, Any]) -> dict[str, Any]:
    """The profile with its largest integers as text, which a script reads as they are."""
    return {
        name: str(value) if isinstance(value, int) and abs(value) > LARGEST_INTEGER else value
        for name, value in profile.items()
    }


def _colours(table: pa.Table) -> list[str]:
    return [name for name in table.column_names if name not in ("id", "x", "y")]


def _coloured(table: pa.Table, colour: str) -> tuple[list[str] | None, list[int]]:
    """The categories that there are and the index of each point's, or None and its number."""
    values = table.column(colour).combine_chunks()
    if colour == CLUSTER:
        clusters, places = np.unique(values.to_numpy(), return_inverse=True)
        return [str(each) for each in clusters.tolist()], places.tolist()
    if pa.types.is_dictionary(values.type):
        return values.dictionary.to_pylist(), values.indices.to_pylist()
    return None, values.to_pylist()


def _rounded(values: pa.ChunkedArray) -> list[float]:
    places: list[float] = np.round(values.to_numpy().astype(np.float64), 4).tolist()
    return places


def _compared(left: dict[str, Any], right: dict[str, Any]) -> models.Comparison:
    shares = [{each["value"]: each["share"] for each in side["values"]} for side in (left, right)]
    changes = [
        models.Change(
            value=value,
            left=shares[0].get(value, 0.0),
            right=shares[1].get(value, 0.0),
            difference=shares[1].get(value, 0.0) - shares[0].get(value, 0.0),
        )
        for value in dict.fromkeys((*shares[0], *shares[1]))
    ]
    changes.sort(key=lambda each: -abs(each.difference))
    distance = sum(abs(each.difference) for each in changes) / 2
    return models.Comparison(column=left["column"], distance=distance, changes=changes)


def as_json(answer: object) -> bytes:
    """The answer as the HTTP API says it."""
    if isinstance(answer, bytes):
        return answer
    if isinstance(answer, BaseModel):
        return answer.model_dump_json(by_alias=True).encode()
    if isinstance(answer, list):
        return b"[" + b",".join(as_json(each) for each in answer) + b"]"
    return json.dumps(answer).encode()


def _build(found: Unfinished) -> models.Build:
    return models.Build(
        build=found.build,
        rows=found.spec.profiles,
        row_word=found.spec.row_word,
        seed=found.spec.seed,
        encoder=found.spec.encoder,
        state=found.state,
        problem=found.problem,
        done=list(found.done),
        stages=[each.stage for each in found.stages],
        updated_at=found.updated_at,
    )


def _progress(found: Unfinished) -> models.BuildProgress:
    return models.BuildProgress(
        build=found.build,
        version=found.version,
        state=found.state,
        problem=found.problem,
        stages=[models.StageProgress(**asdict(each)) for each in found.stages],
    )
