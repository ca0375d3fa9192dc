"""Manifests: what a published version is, with every file's checksum, and whether its files are so."""

from collections import Counter
from collections.abc import Iterable
from math import isclose
from pathlib import Path
from typing import Any

from pydantic import Field, SerializerFunctionWrapHandler, ValidationError, model_serializer

from synthprof.base.digests import digest_of
from synthprof.base.errors import StageError, first_line
from synthprof.base.files import FileRecord, matches
from synthprof.base.kinds import WrongKind, read_bytes
from synthprof.base.seals import Sealed
from synthprof.store.receipts import Receipt

MANIFEST = "MANIFEST.json"

ROUNDING = 1e-6
"""Relative error of a score: processors round the last bits of float32 in other ways."""

_PROVEN = ("clusters", "kind", "nlist", "effort", "tables")
"""Details of stages that follow from the spec and the data."""

_MEND = "make it whole with `synthprof repair`"


class Manifest(Sealed):
    """The description of a published version: its spec, every file with its checksum, and its stages.

    coherence: what was counted by the rules and margins of its schema, as `report.coherence` reads it.
    duplicates: what is told of second records, as `report.duplicates` reads it. drift: the labels of what
    drifted since the first night. Each is empty, and left out of the file, where there are none.
    """

    format: int
    dataset: str
    version: str
    published_at: str
    spec: dict[str, Any]
    rows: int
    content: str
    files: tuple[FileRecord, ...]
    scores: dict[str, Any]
    coherence: dict[str, Any] = Field(default_factory=dict)
    duplicates: dict[str, Any] = Field(default_factory=dict)
    drift: dict[str, Any] = Field(default_factory=dict)
    stages: tuple[Receipt, ...]

    @model_serializer(mode="wrap")
    def _without_nothing(self, whole: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out what a version without rules or drift, or of an earlier release, does not have."""
        found: dict[str, Any] = whole(self)
        without = {name for name in ("coherence", "duplicates", "drift") if not found[name]}
        return {name: each for name, each in found.items() if name not in without}

    @property
    def bytes_total(self) -> int:
        """Bytes of all its files."""
        return sum(file.bytes for file in self.files)

    @property
    def tables(self) -> dict[str, dict[str, Any]]:
        """Facts of each child table, by name: `rows`, `most` of a parent, `parents` by band."""
        details = (receipt.details for receipt in self.stages if receipt.stage == "ingest")
        return next((dict(found["tables"]) for found in details if "tables" in found), {})

    @property
    def table_rows(self) -> dict[str, int]:
        """Rows of each child table, by name; none where there are no such tables."""
        return {name: int(facts["rows"]) for name, facts in self.tables.items()}

    @property
    def rejected(self) -> int:
        """Rows without an embedding."""
        return sum(receipt.rejected for receipt in self.stages)

    def agrees(self, other: "Manifest") -> bool:
        """Return whether both say the same of the data, but for how scores were rounded."""
        return (
            self._facts() == other._facts()
            and self.scores.keys() == other.scores.keys()
            and all(is_close(score, other.scores[name]) for name, score in self.scores.items())
        )

    def _facts(self) -> tuple[object, ...]:
        """Return what follows from the data; not seconds, memory, moments and how the work was divided."""
        sums = Counter[tuple[str, str]]()
        for each in self.stages:
            sums.update({(each.stage, "rows"): each.rows, (each.stage, "rejected"): each.rejected})
        details = {
            (each.stage, name): each.details[name]
            for each in self.stages
            for name in _PROVEN
            if name in each.details and each.stage != "setup"
        }
        return self.content, self.rows, self.coherence, self.duplicates, self.drift, sums, details


def is_close(score: Any, other: Any) -> bool:  # noqa: ANN401
    """Return whether two scores are the same but for rounding; None, where there is none, is only itself."""
    if isinstance(score, int | float) and isinstance(other, int | float):
        return isclose(score, other, rel_tol=ROUNDING, abs_tol=ROUNDING)
    return bool(score == other)


def read_manifest(folder: Path) -> Manifest:
    """Read the manifest of a published version. Raise StageError if it cannot be read or was changed."""
    manifest = read_copy(folder)
    if manifest.version != folder.resolve().name:
        raise StageError(
            f"{folder / MANIFEST} is that of version {manifest.version}; give the folder that name, "
            f"or {_MEND}"
        )
    return manifest


def read_copy(folder: Path) -> Manifest:
    """Read the manifest of a version whose folder may have another name; else as `read_manifest`."""
    path = folder / MANIFEST
    if path.is_symlink():
        raise StageError(f"{path} is a link, not the file that was published; {_MEND}")
    try:
        return Manifest.opened(read_bytes(path))
    except WrongKind as error:
        raise StageError(f"{error.fact}; {_MEND}") from error
    except (OSError, ValidationError) as error:
        raise StageError(f"{path} cannot be read ({first_line(error)}); {_MEND}") from error
    except ValueError as error:
        raise StageError(f"{path} was changed since it was published; {_MEND}") from error


def content_digest(files: Iterable[FileRecord]) -> str:
    """Thirty-two hexadecimal digits that name the data: equal when all their files are, byte for byte."""
    return digest_of(sorted((file.path, file.sha256) for file in files))


def damaged(folder: Path, files: Iterable[FileRecord]) -> list[str]:
    """Return the files that are missing, cannot be read or do not match their record."""
    return [file.path for file in files if not matches(folder, file)]


def unknown_files(folder: Path, files: Iterable[FileRecord]) -> list[str]:
    """Return the names in a version's folder, and in those of its files, that its manifest does not know."""
    known = {MANIFEST, *(file.path for file in files)}
    parents = {str(Path(path).parent) for path in known} - {"."}
    folders = {name for name in parents if (folder / name).is_dir()}
    there = {path.name for path in folder.iterdir()} - folders
    inside = {path.relative_to(folder).as_posix() for name in folders for path in (folder / name).iterdir()}
    return sorted((there | inside) - known)
