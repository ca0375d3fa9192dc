"""The index of a version, opened for searches: its lists lie in the file, each proven when it is read."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import faiss
import numpy as np

from synthprof.base.arrays import Ids, Matrix
from synthprof.base.errors import SpecError, StageError
from synthprof.base.files import is_there, matches
from synthprof.similarity import inverted_file, recall
from synthprof.similarity.list_proofs import ListProofs
from synthprof.spec.contents import INDEX
from synthprof.versions.published import Published

Found = tuple[Matrix, Ids]
"""Squared distances and ids, (1, n), the nearest first; -1 where there are fewer rows."""


@dataclass(frozen=True)
class OpenIndex:
    """A FAISS index, and the checksums of its lists where it was not compared as a whole.

    proven: the lists that have been compared.
    """

    path: Path
    index: Any
    proofs: ListProofs | None
    proven: set[int] = field(default_factory=set)

    def growing(self, vector: Matrix, count: int, first: int, threads: int = 1) -> Iterator[Found]:
        """Yield the rows found near a vector, with an effort that doubles until all is read.

        vector: (1, dim). count: of the rows. first: factor on the effort stored in the index, at the start.
        Each list is read once, whatever the effort grows to, by one of the threads. Raises StageError if one
        is damaged.
        """
        target, name, most = recall.effort(self.index)
        effort = min(first * getattr(target, name), most) if name else most
        if name == "nprobe":
            yield from self._through(vector, count, effort, threads)
            return
        while True:
            yield self.index.search(vector, count, params=recall.with_effort(name, effort))
            if effort == most:
                return
            effort = min(2 * effort, most)

    def among(self, vector: Matrix, count: int, allowed: Ids, threads: int = 1) -> Found:
        """Return the nearest of the allowed rows, which are looked for in all lists. Raises as `growing`."""
        selector = _selector(allowed)
        if hasattr(self.index, "nprobe"):
            (found,) = self._through(vector, count, self.index.nlist, threads, selector)
            return found
        params: Any = faiss.SearchParameters(sel=selector)  # type: ignore[call-arg]
        squared, ids = self.index.search(vector, count, params=params)
        return squared, ids

    def _through(
        self,
        vector: Matrix,
        count: int,
        effort: int,
        threads: int,
        selector: Any = None,  # noqa: ANN401
    ) -> Iterator[Found]:
        """Yield the nearest rows of so many lists nearest to the vector, then of twice as many, and so on."""
        index, first = self.index, 0
        to_lists, lists = index.quantizer.search(vector, index.nlist)
        found: Found = np.empty((1, 0), np.float32), np.empty((1, 0), np.int64)

        def search(part: range) -> Found:
            own = slice(part.start, part.stop)
            self._prove(lists[0, own])
            return _in_lists(index, vector, count, lists[:, own], to_lists[:, own], selector)

        with ThreadPoolExecutor(threads, "lists") as pool:
            while first < index.nlist:
                size = -(-(effort - first) // threads)
                parts = [range(at, min(at + size, effort)) for at in range(first, effort, size)]
                found = _nearest(count, found, *pool.map(search, parts))
                yield found
                first, effort = effort, min(2 * effort, index.nlist)

    def _prove(self, lists: Ids) -> None:
        """Compare lists that have not been compared. Raises StageError if one is damaged."""
        new = sorted(set(lists.tolist()) - self.proven)
        if self.proofs is not None and not self.proofs.proves(self.index, new):
            raise _damaged(self.path)
        self.proven.update(new)


def _in_lists(
    index: Any,  # noqa: ANN401
    vector: Matrix,
    count: int,
    lists: Ids,
    to_lists: Matrix,
    selector: Any,  # noqa: ANN401
) -> Found:
    """Return the nearest rows in lists, (1, n). to_lists: distances of the vector to their centroids."""
    squared, ids = np.empty((1, count), np.float32), np.empty((1, count), np.int64)
    given = [np.ascontiguousarray(each) for each in (vector, lists, to_lists)]
    near, numbers, distances, to, nearest = map(faiss.swig_ptr, (*given, squared, ids))
    params: Any = faiss.SearchParametersIVF(nprobe=lists.shape[1], sel=selector)  # type: ignore[call-arg]
    index.search_preassigned_c(1, near, count, numbers, distances, to, nearest, False, params)
    return squared, ids


def _nearest(count: int, *found: Found) -> Found:
    """Return the nearest of rows that were found apart; of equals the lower id, as FAISS orders them."""
    squared, ids = (np.concatenate(each, axis=1)[0] for each in zip(*found, strict=True))
    order = np.lexsort((ids, squared))[:count]
    return squared[None, order], ids[None, order]


def _selector(allowed: Ids) -> Any:  # noqa: ANN401
    bits = np.zeros(int(allowed[-1]) // 8 + 1, np.uint8)
    np.bitwise_or.at(bits, allowed >> 3, (1 << (allowed & 7)).astype(np.uint8))
    return faiss.IDSelectorBitmap(bits)  # type: ignore[call-arg, arg-type]


def open_index(version: Published) -> OpenIndex:
    """Open the index of a version, which is compared with its checksum: as a whole, or list by list later.

    As a whole those without lists, which are held in memory, and those of releases before checksums of lists.
    Raises SpecError if the version has none, StageError if it is damaged.
    """
    record = {file.path: file for file in version.manifest.files}.get(INDEX)
    if record is None:
        raise SpecError(
            f"version {version.manifest.version} has no index; search with --exact, or make one with "
            f"`synthprof build-index --dataset {version.manifest.dataset}`"
        )
    path, proofs = version.folder / INDEX, _proofs(version)
    try:
        sound = is_there(version.folder, record) and proofs is not None and proofs.proves_head(path)
    except OSError:
        sound = False
    if not sound and (proofs is not None or not matches(version.folder, record)):
        raise _damaged(path)
    found = inverted_file.opened(path)
    if found.ntotal > version.manifest.rows or found.d != version.spec.dim_embedding:
        raise StageError(f"{path} does not belong to this version; publish it again")
    return OpenIndex(path, found, proofs)


def _proofs(version: Published) -> ListProofs | None:
    """Return the checksums in the receipt of the index, which the manifest holds and its seal covers."""
    details = (each.details for each in version.manifest.stages if each.stage == "export_index")
    return next((ListProofs.of(found.get("proofs")) for found in details), None)


def _damaged(path: Path) -> StageError:
    return StageError(f"{path} differs from its checksum in the manifest; publish the version again")
