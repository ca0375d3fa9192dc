"""A cache of open versions and their indexes, limited in number and memory."""

import threading
import time
import weakref
from collections import OrderedDict
from pathlib import Path

from synthprof.base.errors import SpecError, StageError
from synthprof.base.units import MIB
from synthprof.spec.contents import INDEX
from synthprof.store.leaving import is_asked_to_leave
from synthprof.store.manifest import MANIFEST, Manifest, read_manifest
from synthprof.store.store import Store
from synthprof.system.machine import available_memory
from synthprof.versions.inventory import current_of, stores
from synthprof.versions.published import Published
from synthprof.versions.searcher import Searcher, open_searcher
from synthprof.versions.version import Version, open_version

MAX_SEARCHED = 3
"""Largest number of indexes in memory: two versions to compare and one more."""

MAX_MEMORY = 4 << 30
"""Bytes of all indexes in memory, unless one index is larger; the default limit of one index."""

MAX_OPEN = 64
"""Largest number of open versions."""


class NotFound(SpecError):
    """The data set, version or profile does not exist."""


class OpenVersions:
    """Open versions by data set and name, for several threads."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self._lock = threading.Lock()
        self._manifests: dict[Path, tuple[tuple[int, int], Manifest]] = {}
        self._versions: OrderedDict[tuple[str, str], tuple[float, Version]] = OrderedDict()
        self._searchers: OrderedDict[tuple[str, str], tuple[float, Searcher]] = OrderedDict()
        self._loading = threading.Lock()

    def names(self) -> list[str]:
        """Return the names of the data sets that have versions or builds, sorted."""
        return [store.dataset for store in stores(self.home)]

    def manifests(self, dataset: str) -> tuple[list[Manifest], list[str]]:
        """Return the manifests of a data set's versions, oldest first, and what is wrong with others."""
        store, found, problems = Store(self.home, dataset), list[Manifest](), list[str]()
        for folder in store.versions():
            try:
                found.append(self._manifest(folder))
            except StageError as error:
                problems.append(str(error))
        _, problem = current_of(store)
        return found, [*problems, *([problem] if problem else [])]

    def current(self, dataset: str) -> str | None:
        """Return the name of the data set's current version, None if it is unclear which that is."""
        return current_of(Store(self.home, dataset))[0]

    def version(self, dataset: str, version: str) -> Version:
        """Return the open version; `current` means the current one. Raises NotFound."""
        name = self._name(dataset, version)
        with self._lock:
            _, known = self._versions.pop((dataset, name), (0.0, None))
            if known and known.is_in_place:
                self._versions[dataset, name] = time.monotonic(), known
                return known
        try:
            found = open_version(self.home, dataset, name)
        except SpecError as error:
            raise NotFound(str(error)) from None
        if is_asked_to_leave(found.folder):  # it is read for this question alone
            return found
        with self._lock:
            self._versions[dataset, name] = time.monotonic(), found
            while len(self._versions) > MAX_OPEN:
                self._versions.popitem(last=False)
        return found

    def searcher(self, dataset: str, version: str) -> Searcher:
        """Return a searcher over the version. One caller loads its index while others wait.

        Raises NotFound, and StageError if the index does not fit in memory.
        """
        found = self.version(dataset, version)
        key = (dataset, found.manifest.version)
        if kept := self._cached(key):
            return kept
        with self._loading:
            return self._cached(key) or self._load(key, found)

    def close_unused(self, idle_seconds: float) -> None:
        """Close the versions that were not used for this time, and those that readers are asked to leave.

        A question that is being answered keeps its version open until then.
        """
        oldest = time.monotonic() - idle_seconds
        with self._lock:
            used = [(key, when) for key, (when, _) in (*self._versions.items(), *self._searchers.items())]
        young = {key for key, when in used if when >= oldest and not self._is_asked_to_leave(*key)}
        gone = {key for key, _ in used} - young
        with self._lock:
            for key in gone:
                self._versions.pop(key, None)
                self._searchers.pop(key, None)

    def _is_asked_to_leave(self, dataset: str, version: str) -> bool:
        return is_asked_to_leave(Store(self.home, dataset).published(version))

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
            raise StageError(f"{folder} was removed just now; try again") from error
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
            if found is None or not found.version.is_in_place:
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
                "free on this machine; rebuild it smaller, as ivf_sq8 or ivf_pq"
            )
        found = open_searcher(version, patient=False)
        weakref.finalize(
            found, found.opened.close
        )  # a search may still use it when it is no longer kept here
        if size:
            found.index  # noqa: B018  loaded here, under the lock
        if not is_asked_to_leave(version.folder):
            with self._lock:
                self._searchers[key] = time.monotonic(), found
        return found

    def _bytes(self) -> int:
        return sum(_index_bytes(searcher.version) for _, searcher in self._searchers.values())


def _index_bytes(version: Published) -> int:
    return next((file.bytes for file in version.manifest.files if file.path == INDEX), 0)
