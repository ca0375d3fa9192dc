"""A published version: its folder, its manifest and single rows."""

import os
import unicodedata
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from synthprof.base.errors import SpecError, StageError
from synthprof.base.locks import reading
from synthprof.schemas.bundle import Bundle
from synthprof.schemas.loader import KEY
from synthprof.schemas.schema import Schema
from synthprof.spec.contents import CLUSTERS
from synthprof.spec.spec import Spec
from synthprof.spec.written import Bounds, read_number
from synthprof.store.manifest import MANIFEST, Manifest
from synthprof.store.schemas import bundle_of, schema_of
from synthprof.store.sqlite.database import read
from synthprof.store.tables import Clause, Tables, tables_of


@dataclass(frozen=True)
class Published:
    """A published version: its folder and its manifest, which never change.

    The version is not removed while this value is referred to.
    """

    folder: Path
    manifest: Manifest
    read_lock: "ReadLock | None" = field(default=None, repr=False, compare=False)

    @property
    def is_in_place(self) -> bool:
        """True if the folder is still the version, neither removed nor replaced."""
        return self.read_lock is not None and self.read_lock.holds(self.folder)

    @property
    def spec(self) -> Spec:
        """The parameters that the version was made from. Raises StageError for those of another release."""
        try:
            return Spec.model_validate(self.manifest.spec)
        except ValidationError as error:
            raise StageError(
                f"version {self.manifest.version} of {self.manifest.dataset!r} has parameters that this "
                "release does not know; read it with the release that made it"
            ) from error

    @cached_property
    def bundle(self) -> Bundle:
        """The schema that it was made by. Raises StageError if it is missing or damaged."""
        return bundle_of(self.spec, self.folder)

    @cached_property
    def schema(self) -> Schema:
        """The schema of its rows: of profiles, or of a collection."""
        return schema_of(self.spec, self.bundle)

    @cached_property
    def _stored(self) -> Tables:
        return tables_of(self.folder, self.spec)

    def check_identity(self, identity: str) -> None:
        """Raise SpecError if the embeddings were made by an encoder of another identity."""
        made_by = {
            each.details.get("identity", identity)
            for each in self.manifest.stages
            if each.stage == "vectorize"
        }
        if made_by - {identity}:
            raise SpecError(
                f"model={self.spec.model} is not what it was when version {self.manifest.version} was "
                "embedded; restore the former model, or make the data set again"
            )

    def profile(self, profile_id: int) -> dict[str, Any]:
        """Return the columns of one row and its cluster. Raises SpecError for an unknown id.

        Values of carried columns are those of Python, but dates, times and bytes are texts.
        """
        if not 1 <= profile_id <= self.manifest.rows:
            raise SpecError(f"id={profile_id} is not in this version; ids go from 1 to {self.manifest.rows}")
        found = self._stored.rows(ids=range(profile_id, profile_id + 1))
        cluster = read(self.folder / CLUSTERS, "SELECT cluster_id FROM clusters WHERE id = ?", (profile_id,))
        return {**self.schema.as_values(found.to_pylist()[0]), **cluster.to_pylist()[0]}

    def number_of(self, name: str) -> int:
        """Return the id of a row by its number or, in a collection, by its id in the source.

        The id may be in another Unicode form than in the source. Raises SpecError if there is no such row.
        """
        if self.spec.collection:
            for key in (name, *(unicodedata.normalize(form, name) for form in ("NFC", "NFD"))):
                if len(found := self._stored.ids(Clause(f"{KEY} = ?", (key,)), most=1)):
                    return int(found[0])
            raise SpecError(f"no row of {self.manifest.dataset!r} has the id {name[:80]!r} in its source")
        return int(read_number("id", name, Bounds(True, 1, self.manifest.rows)))


def stored(version: Published) -> Tables:
    """Return the reader of a version's rows and vectors, which is opened once."""
    return version._stored


class ReadLock:
    """A lock that keeps a folder from being removed while it is referred to (`locks.reading`)."""

    def __init__(self, folder: Path) -> None:
        """Lock the folder by its manifest. Raises FileNotFoundError if that is removed."""
        self._descriptor = reading(folder / MANIFEST)

    def holds(self, folder: Path) -> bool:
        """Return whether the path leads to the locked folder."""
        try:
            return os.path.samestat(os.fstat(self._descriptor), (folder / MANIFEST).stat())
        except OSError:
            return False

    def __del__(self) -> None:
        if hasattr(self, "_descriptor"):
            os.close(self._descriptor)
