"""A published version as the rest of this wing reads it: its folder, its manifest, single rows."""

import os
import re
import unicodedata
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from synthprof.base.errors import SpecError, StageError
from synthprof.base.locks import reading
from synthprof.profiles.columns import schema_of
from synthprof.schemas.loader import KEY
from synthprof.schemas.schema import Schema
from synthprof.spec.contents import CLUSTERS, PERFIS
from synthprof.spec.spec import Spec
from synthprof.store.manifest import Manifest
from synthprof.store.sqlite.database import read


@dataclass(frozen=True)
class Published:
    """A published version: its folder and its manifest. It never changes, so a reader may keep it.

    While this value is referred to, the version is not pruned.
    """

    folder: Path
    manifest: Manifest
    hold: "Hold | None" = field(default=None, repr=False, compare=False)

    @property
    def stands(self) -> bool:
        """Whether it is still there under its name: neither removed nor replaced."""
        return self.hold is not None and self.hold.is_of(self.folder)

    @property
    def spec(self) -> Spec:
        """What it was made of. Raises StageError for parameters of another release."""
        try:
            return Spec.model_validate(self.manifest.spec)
        except ValidationError as error:
            raise StageError(
                f"version {self.manifest.version} of {self.manifest.dataset!r} has parameters that this "
                "release does not know; read it with the release that made it"
            ) from error

    @cached_property
    def schema(self) -> Schema:
        """The columns of its rows: those of its profiles, or of the collection that it holds."""
        return schema_of(self.spec)

    def check_identity(self, identity: str) -> None:
        """Its embeddings are of the encoder that this names, as far as is known; else SpecError."""
        made_by = {
            each.details.get("identity", identity)
            for each in self.manifest.stages
            if each.stage == "vectorize"
        }
        if made_by - {identity}:
            raise SpecError(
                f"model={self.spec.model} is not what it was when version {self.manifest.version} was "
                "embedded; put the former model there, or make the data set once more"
            )

    def profile(self, profile_id: int) -> dict[str, Any]:
        """The columns of one profile and its cluster. Raises SpecError if there is no such id."""
        if not 1 <= profile_id <= self.manifest.rows:
            raise SpecError(f"id={profile_id} is not in this version; ids go from 1 to {self.manifest.rows}")
        found = read(self.folder / PERFIS, "SELECT * FROM perfis WHERE id = ?", (profile_id,))
        cluster = read(self.folder / CLUSTERS, "SELECT cluster_id FROM clusters WHERE id = ?", (profile_id,))
        row: dict[str, Any] = found.to_pylist()[0]
        return {**row, **cluster.to_pylist()[0]}

    def number_of(self, name: str) -> int:
        """The id of a row by what people call it: its number or, in a collection, its id in the source.

        That may be typed in another form of Unicode than the source has. Raises SpecError if there is no
        such row.
        """
        if self.spec.collection:
            for key in (name, *(unicodedata.normalize(form, name) for form in ("NFC", "NFD"))):
                found = read(self.folder / PERFIS, f"SELECT id FROM perfis WHERE {KEY} = ?", (key,))
                if found.num_rows:
                    return int(found.column("id")[0].as_py())
            raise SpecError(f"no row of {self.manifest.dataset!r} has the id {name[:80]!r} in its source")
        if not re.fullmatch(r"[+-]?[0-9]{1,18}", name):
            raise SpecError(f"id={name[:80]!r} is not a number; ids go from 1 to {self.manifest.rows}")
        return int(name)


class Hold:
    """Keeps a folder from being removed for as long as this is referred to (`files.reading`)."""

    def __init__(self, folder: Path) -> None:
        """Raises FileNotFoundError if the folder is gone."""
        self._descriptor = reading(folder)

    def is_of(self, folder: Path) -> bool:
        """Whether the folder of this name is the one that is kept."""
        try:
            return os.path.samestat(os.fstat(self._descriptor), folder.stat())
        except FileNotFoundError:
            return False

    def __del__(self) -> None:
        if hasattr(self, "_descriptor"):
            os.close(self._descriptor)
