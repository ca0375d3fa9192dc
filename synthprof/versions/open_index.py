"""The index of a version, opened for searches: its lists lie in the file, each proven when it is read."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from synthprof.base.arrays import Matrix
from synthprof.base.errors import SpecError, StageError
from synthprof.base.files import is_there, matches
from synthprof.similarity import inverted_file
from synthprof.similarity.list_proofs import ListProofs
from synthprof.spec.contents import INDEX
from synthprof.versions.published import Published


@dataclass(frozen=True)
class OpenIndex:
    """A FAISS index, and the checksums of its lists where it was not compared as a whole.

    proven: the lists that have been compared.
    """

    path: Path
    index: Any
    proofs: ListProofs | None
    proven: set[int] = field(default_factory=set)

    def prove(self, vector: Matrix, params: Any) -> None:  # noqa: ANN401
        """Compare the lists that a search will read, once each. Raises StageError if one is damaged.

        vector: (1, dim). params: of the search.
        """
        if self.proofs is None:
            return
        _, lists = self.index.quantizer.search(vector, min(params.nprobe, self.index.nlist))
        new = set(np.unique(lists[lists >= 0]).tolist()) - self.proven
        if not self.proofs.proves(self.index, sorted(new)):
            raise _damaged(self.path)
        self.proven.update(new)


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
