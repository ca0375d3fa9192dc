"""The explorer's questions, answered from the files under the data root in the worker process."""

import base64
import binascii
import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
from pydantic import BaseModel

from synthprof.base.errors import SpecError, StageError, SynthprofError
from synthprof.base.files import is_there
from synthprof.explorer.models.card import Card, Children
from synthprof.explorer.models.compare import Compared
from synthprof.explorer.models.datasets import Dataset
from synthprof.explorer.models.map import MapOfPoints
from synthprof.explorer.models.overview import VersionFacts
from synthprof.explorer.models.progress import Progress, Step
from synthprof.explorer.models.schema import SchemaFacts
from synthprof.explorer.models.search import Hits
from synthprof.explorer.models.work import Progressing
from synthprof.explorer.worker import answers, derived
from synthprof.explorer.worker.open_versions import NotFound, OpenVersions
from synthprof.schemas.uses import View
from synthprof.spec.contents import MAP, OVERVIEW, REPORT
from synthprof.store.manifest import Manifest
from synthprof.store.schemas import bundle_at
from synthprof.store.state import work_at
from synthprof.store.store import Store
from synthprof.store.verdicts import checking, kept_verdict
from synthprof.versions.children import children_of, counts_of
from synthprof.versions.inventory import last_verdict
from synthprof.versions.pictures import thumbnail_of
from synthprof.versions.progress import Unfinished
from synthprof.versions.search import Answer, search_picture, search_similar, search_text
from synthprof.versions.searcher import Query, Searcher
from synthprof.versions.unfinished import builds_of
from synthprof.versions.version import Version

MAX_PIXELS = 4_000_000
"""Pixels of a picture that is searched by: the page sends 100,000, and a few bytes may claim any number."""

Check = Callable[[], None]
"""A function that raises TimeoutError when the caller no longer waits."""


@dataclass(frozen=True)
class SearchParameters:
    """Parameters of every search; `exact` compares all rows instead of using the index."""

    dataset: str
    version: str
    k: int
    where: Sequence[str]
    exact: bool
    check: Check


class Questions:
    """One method per question of the server (`wire.Name`); each returns a model of `models` or its JSON."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.opened = OpenVersions(home)

    def datasets(self) -> list[Dataset]:
        """Return every data set under the data root, by name."""
        return [self._dataset(name) for name in self.opened.names()]

    def version(self, dataset: str, version: str) -> VersionFacts:
        """Return what the manifest of a version says."""
        found = self._open(dataset, version)
        verified = kept_verdict(found.folder, found.manifest)
        return answers.version_facts(found, self.opened.current(dataset) == found.name, verified)

    def version_name(self, dataset: str, version: str) -> dict[str, str]:
        """Return the name of the version, which `current` leaves open."""
        return {"version": self._open(dataset, version).manifest.version}

    def schema(self, dataset: str, version: str) -> SchemaFacts:
        """Return what the rows of a version are drawn from."""
        return answers.schema_facts(self._open(dataset, version))

    def marginals(self, dataset: str, version: str) -> bytes:
        """Return the shares of all columns that have a list of values, from the version's overview."""
        with self._overview(dataset, version) as overview:
            return json.dumps({"columns": overview["marginals"]}).encode()

    def clusters(self, dataset: str, version: str) -> bytes:
        """Return the clusters with their typical values, from the version's overview."""
        with self._overview(dataset, version) as overview:
            return json.dumps({name: overview[name] for name in ("clusters", "others")}).encode()

    def map(self, dataset: str, version: str, points: int, colour: str) -> MapOfPoints:
        """Return the first points of the version's map, which are a random sample."""
        with (
            self._file(dataset, version, MAP) as path,
            pa.OSFile(str(path)) as file,
            pa.ipc.open_file(file) as reader,
        ):
            return answers.map_of_points(reader.read_all(), points, colour)

    def profile(self, dataset: str, version: str, profile_id: int) -> Card:
        """Return one profile and its cluster."""
        return Card(profile=answers.readable(_profile(self._open(dataset, version), profile_id)))

    def children(
        self, dataset: str, version: str, profile_id: int, table: str, first: int, count: int
    ) -> Children:
        """Return rows that a profile has in a child table, from the number `first` on."""
        found = self._open(dataset, version)
        _profile(found, profile_id)
        if table not in found.manifest.tables:
            raise NotFound(
                f"version {found.name} has no child table {table[:80]!r}; its facts list the tables"
            )
        rows = children_of(found, table, profile_id, first, count)
        return Children(
            table=table,
            total=counts_of(found, profile_id)[table],
            rows=[answers.readable(row) for row in rows],
        )

    def search(self, text: str, **asked: Any) -> Hits:  # noqa: ANN401
        """Return the profiles nearest to a text; `asked` are `SearchParameters`."""
        return self._hits(
            SearchParameters(**asked), lambda searcher, query: search_text(searcher, text, query)
        )

    def similar(self, profile_id: int, **asked: Any) -> Hits:  # noqa: ANN401
        """Return the profiles nearest to a profile; `asked` are `SearchParameters`."""
        wanted = SearchParameters(**asked)
        _profile(self._open(wanted.dataset, wanted.version), profile_id)
        return self._hits(
            wanted, lambda searcher, query: Answer(search_similar(searcher, profile_id, query), None)
        )

    def similar_picture(self, image: str, **asked: Any) -> Hits:  # noqa: ANN401
        """Return the pictures nearest to a picture in base64; `asked` are `SearchParameters`."""
        try:
            content = base64.b64decode(image, validate=True)
        except binascii.Error as error:
            raise SpecError(f"image is not base64 ({error}); send the bytes of a file in base64") from None
        return self._hits(
            SearchParameters(**asked),
            lambda searcher, query: Answer(search_picture(searcher, content, query, MAX_PIXELS), None),
        )

    def thumbnail(self, dataset: str, version: str, profile_id: int) -> bytes:
        """Return the thumbnail of a picture, a JPEG."""
        found = self._open(dataset, version)
        _profile(found, profile_id)
        shown = thumbnail_of(found, profile_id)
        if shown is None:
            raise NotFound(
                f"id {profile_id} has no thumbnail: its picture could not be read, or it is too far on"
            )
        return shown

    def compare(self, dataset: str, left: str, right: str) -> Compared:
        """Return the shares that differ between two versions, by column, the largest distance first."""
        names = [self._open(dataset, name).manifest.version for name in (left, right)]
        one, other = (self._shares(dataset, name) for name in names)
        columns = [answers.comparison_of(one[name], other[name]) for name in one if name in other]
        return Compared(
            left=names[0], right=names[1], columns=sorted(columns, key=lambda each: -each.distance)
        )

    def progress(self, dataset: str) -> Progress:
        """Return how far the builds of a data set are."""
        if dataset not in self.opened.names():
            raise NotFound(f"no data set {dataset!r} in {self.home}; the page lists the data sets")
        return Progress(builds=[answers.progress_of(each) for each in self._builds(dataset)])

    def report(self, dataset: str, version: str) -> str:
        """Return the path of a version's report."""
        with self._file(dataset, version, REPORT) as path:
            return str(path)

    def exports(self, dataset: str, version: str) -> BaseModel:
        """Return the exports of a version."""
        return derived.exports_of(self._open(dataset, version))

    def workloads(self, dataset: str, version: str) -> BaseModel:
        """Return the workloads of a version."""
        return derived.workloads_of(self._open(dataset, version))

    def matches(self, dataset: str, version: str) -> BaseModel:
        """Return the matches of a version's pictures, and of pictures elsewhere."""
        return derived.matches_of(self._open(dataset, version))

    def match_page(self, dataset: str, version: str, match: str) -> str:
        """Return the path of the page of a finished match."""
        return derived.match_page_of(self._open(dataset, version), match)

    def loads(self, dataset: str, version: str) -> BaseModel:
        """Return the loads of a version."""
        return derived.all_loads_of(self._open(dataset, version))

    def measurements(self, dataset: str, version: str) -> BaseModel:
        """Return the measurements of a version."""
        return derived.all_measurements_of(self._open(dataset, version))

    def picture(self, dataset: str, version: str, measurement: str) -> str:
        """Return the path of a measurement's picture."""
        return derived.picture_of(self._open(dataset, version), measurement)

    def build(self, dataset: str, version: str) -> dict[str, str | None]:
        """Return the build of this version, or None if it is removed."""
        found = self._builds(dataset)
        return {"build": next((each.build for each in found if each.version == version), None)}

    def verifying(self, dataset: str, version: str) -> Progressing:
        """Return how far the verification of a version is, if one is at work."""
        work = work_at(checking(Store(self.home, dataset).published(version)))
        step = Step(done=work.done, total=work.total, unit=work.unit) if work else None
        return Progressing(step=step)

    def reindexed(
        self, dataset: str, version: str, index: str, index_memory_mib: int
    ) -> dict[str, str | None]:
        """Return the build of the version that another index for this one makes, if it is not published."""
        settings = {"index": index, "index_memory_mib": index_memory_mib, "save_index": True}
        spec = self._open(dataset, version).spec.model_copy(update=settings)
        found = self._builds(dataset)
        return {"build": next((each.build for each in found if each.spec == spec), None)}

    def _builds(self, dataset: str) -> list[Unfinished]:
        return builds_of(Store(self.home, dataset))

    def _dataset(self, name: str) -> Dataset:
        manifests, problems = self.opened.manifests(name)
        current = self.opened.current(name)
        summaries = []
        for each in reversed(manifests):
            verified = last_verdict(self.home, each)
            try:
                view = _view(self.home, each)
            except StageError as error:
                problems.append(str(error))
            else:
                summaries.append(answers.summary_of(each, view, each.version == current, verified))
        return Dataset(
            dataset=name,
            current=current if any(each.current for each in summaries) else None,
            versions=summaries,
            builds=[answers.build_of(each) for each in self._builds(name)],
            problems=problems,
        )

    def _hits(self, asked: SearchParameters, search: Callable[[Searcher, Query], Answer]) -> Hits:
        searcher = self.opened.searcher(asked.dataset, asked.version)
        asked.check()  # the index may have taken long to load
        began = time.monotonic()
        query = searcher.query(asked.k, asked.where, asked.exact)
        found = search(searcher, replace(query, check=asked.check))
        return Hits(
            seconds=round(time.monotonic() - began, 6),
            read=found.asked and answers.asked_of(found.asked),
            results=[answers.hit_of(hit) for hit in found.hits],
        )

    def _open(self, dataset: str, version: str) -> Version:
        return self.opened.version(dataset, version)

    def _shares(self, dataset: str, version: str) -> dict[str, Any]:
        with self._overview(dataset, version) as overview:
            return {each["column"]: each for each in overview["marginals"]}

    @contextmanager
    def _overview(self, dataset: str, version: str) -> Iterator[dict[str, Any]]:
        with self._file(dataset, version, OVERVIEW) as path:
            yield json.loads(path.read_bytes())

    @contextmanager
    def _file(self, dataset: str, version: str, name: str) -> Iterator[Path]:
        """Yield the path of a version's file; raise StageError if it is damaged, or cannot be read inside."""
        found = self._open(dataset, version)
        record = next((file for file in found.manifest.files if file.path == name), None)
        called = f"version {found.manifest.version} of {found.manifest.dataset!r}"
        if record is None:
            raise NotFound(
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


def _view(home: Path, manifest: Manifest) -> View:
    """Return the places of a version's columns. Raises StageError if its schema is missing or damaged."""
    folder, spec = Store(home, manifest.dataset).published(manifest.version), manifest.spec
    return bundle_at(folder, spec["profile_schema"], spec.get("schema_digest", "")).view


def _profile(version: Version, profile_id: int) -> dict[str, Any]:
    try:
        return version.profile(profile_id)
    except SpecError as error:
        raise NotFound(str(error)) from None
