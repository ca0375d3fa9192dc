"""The versions that are being looked at, kept open: few at a time, and none for longer than it is wanted."""

import threading
import time
import weakref
from collections import OrderedDict
from pathlib import Path

from synthprof.base.errors import SpecError, StageError
from synthprof.base.units import MIB
from synthprof.spec.contents import INDEX
from synthprof.store.manifest import MANIFEST, Manifest, read_manifest
from synthprof.store.store import Store
from synthprof.system.machine import available_memory
from synthprof.versions.inventory import stores
from synthprof.versions.published import Published
from synthprof.versions.searcher import Searcher, open_searcher
from synthprof.versions.version import Version, open_version

MAX_SEARCHED = 3
"""Versions whose index is kept in memory: two to compare and one that is looked at beside."""

MAX_MEMORY = 4 << 30
"""Bytes of all indexes in memory, unless a single one is larger: the default limit of one index."""

MAX_OPEN = 64
"""Versions whose manifest is kept."""


class NotFound(SpecError):
    """What was asked for does not exist."""


class OpenVersions:
    """Open versions by data set and name, used by several threads."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self._lock = threading.Lock()
        self._manifests: dict[Path, tuple[tuple[int, int], Manifest]] = {}
        self._versions: OrderedDict[tuple[str, str], tuple[float, Version]] = OrderedDict()
        self._searchers: OrderedDict[tuple[str, str], tuple[float, Searcher]] = OrderedDict()
        self._loading = threading.Lock()

    def names(self) -> list[str]:
        """The data sets there are, with versions or only with builds, by name."""
        return [store.dataset for store in stores(self.home)]

    def manifests(self, dataset: str) -> tuple[list[Manifest], list[str]]:
        """The manifests of a data set's versions, oldest first, and why others cannot be read."""
        found: list[Manifest] = []
        problems: list[str] = []
        for folder in Store(self.home, dataset).versions():
            try:
                found.append(self._manifest(folder))
            except StageError as error:
                problems.append(str(error))
        return found, problems

    def is_current(self, manifest: Manifest) -> bool:
        """Whether the data set's pointer shows this version."""
        return Store(self.home, manifest.dataset).is_current(manifest.version)

    def version(self, dataset: str, version: str) -> Version:
        """The open version; `current` is the one that the data set's pointer shows now."""
        name = self._name(dataset, version)
        with self._lock:
            _, known = self._versions.pop((dataset, name), (0.0, None))
            if known and known.stands:
                self._versions[dataset, name] = time.monotonic(), known
                return known
        try:
            found = open_version(self.home, dataset, name)
        except SpecError as error:
            raise NotFound(str(error)) from None
        with self._lock:
            self._versions[dataset, name] = time.monotonic(), found
            while len(self._versions) > MAX_OPEN:
                self._versions.popitem(last=False)
        return found

    def searcher(self, dataset: str, version: str) -> Searcher:
        """A searcher over the version; its index is loaded once, by one caller while others wait."""
        found = self.version(dataset, version)
        key = (dataset, found.manifest.version)
        if kept := self._cached(key):
            return kept
        with self._loading:
            return self._cached(key) or self._load(key, found)

    def close_idle(self, idle_seconds: float) -> None:
        """Versions that nobody asked for lately are closed."""
        oldest = time.monotonic() - idle_seconds
        with self._lock:
            for kept in (self._versions, self._searchers):
                for key in [key for key, (used, _) in kept.items() if used < oldest]:
                    del kept[key]

    def _name(self, dataset: str, version: str) -> str:
        if version != "current":
            return version
        try:
            return Store(self.home, dataset).current().name
        except SpecError as error:
            raise NotFound(str(error)) from None

    def _manifest(self, folder: Path) -> Manifest:
        path = folder / MANIFEST
        try:
            state = path.stat()
        except FileNotFoundError as error:
            raise StageError(f"{folder} was removed just now; look again") from error
        stamp = (state.st_ino, state.st_mtime_ns)
        known = self._manifests.get(folder)
        if known is None or known[0] != stamp:
            known = self._manifests[folder] = (stamp, read_manifest(folder))
            while len(self._manifests) > 10 * MAX_OPEN:
                self._manifests.pop(next(iter(self._manifests)))
        return known[1]

    def _cached(self, key: tuple[str, str]) -> Searcher | None:
        with self._lock:
            _, found = self._searchers.pop(key, (0.0, None))
            if found is None or not found.version.stands:
                return None
            self._searchers[key] = time.monotonic(), found
            return found

    def _load(self, key: tuple[str, str], version: Version) -> Searcher:
        size = _index_bytes(version)
        with self._lock:
            while self._searchers and (
                len(self._searchers) >= MAX_SEARCHED or self._bytes() + size > MAX_MEMORY
            ):
                self._searchers.popitem(last=False)
        if size > 0.9 * available_memory():
            raise StageError(
                f"the index of version {version.manifest.version} takes {size / MIB:,.0f} MiB, more than is "
                "free here; rebuild it smaller, as ivf_sq8 or ivf_pq"
            )
        found = open_searcher(version, patient=False)
        weakref.finalize(found, found.opened.close)  # off the shelf, a search may still be at work with it
        if size:
            found.index  # noqa: B018  loaded here, where nobody else loads another
        with self._lock:
            self._searchers[key] = time.monotonic(), found
        return found

    def _bytes(self) -> int:
        return sum(_index_bytes(searcher.version) for _, searcher in self._searchers.values())


def _index_bytes(version: Published) -> int:
    return next((file.bytes for file in version.manifest.files if file.path == INDEX), 0)
