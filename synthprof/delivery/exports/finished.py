"""Finished exports: what each is, the list of them, and whether their files are what they were. Light."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from synthprof.base.errors import SpecError
from synthprof.base.files import matches
from synthprof.store.outputs import OUTPUT, Output, outputs, read_output
from synthprof.versions.derived import EXPORTS


@dataclass(frozen=True)
class Export:
    """A finished export of a version: a folder that is whole without the version, and yours to move.

    key: follows from what determines the bytes. rows: of the version. files: all of them by name, with the
    cards and the manifest OUTPUT.json. bytes: of all files but the manifest.

    >>> made = synthprof.export("gamers", format="jsonl", columns="cluster_id")
    >>> made.format, made.rows, made.folder.name == f"jsonl-{made.key}"
    ('jsonl', 2000, True)
    """

    folder: Path
    dataset: str
    version: str
    format: str
    key: str
    rows: int
    bytes: int
    files: tuple[Path, ...]

    @property
    def name(self) -> str:
        """The name of its folder: format and key."""
        return self.folder.name


def finished(folder: Path, output: Output) -> Export:
    """Return the export whose manifest this is."""
    names = sorted([*(file.path for file in output.files), OUTPUT])
    return Export(
        folder=folder,
        dataset=output.dataset,
        version=output.version,
        format=output.name,
        key=output.key,
        rows=output.rows,
        bytes=output.bytes_total,
        files=tuple(folder / name for name in names),
    )


def as_document(made: Export) -> dict[str, Any]:
    """Return what programs are told; `files` are the names within the folder."""
    files = [path.relative_to(made.folder).as_posix() for path in made.files]
    return vars(made) | {"folder": str(made.folder), "files": files}


def exports(home: Path, dataset: str = "*") -> list[Export]:
    """Return the finished exports below a data root, by data set and name."""
    parents = sorted(home.glob(f"{dataset}/{EXPORTS}"))
    return [finished(*found) for parent in parents for found in outputs(parent)]


def faults(
    home: Path, dataset: str, name: str, progress: Callable[[int, int], None]
) -> tuple[Output, list[str]]:
    """Compare the files of an export with their checksums; return its manifest, and what is wrong.

    progress: called with the files done, and all. Raises SpecError for an unknown export, StageError if its
    manifest was changed.
    """
    folder = home / dataset / EXPORTS / name
    if "/" in name or name.startswith(".") or not folder.is_dir():
        there = ", ".join(each.name for each in exports(home, dataset)) or "none"
        raise SpecError(f"there is no export {name[:80]!r} of {dataset!r}; there are: {there}")
    output, wrong = read_output(folder), []
    for done, file in enumerate(output.files, 1):
        if not matches(folder, file):
            wrong.append(f"{file.path} is missing or differs from its checksum in {OUTPUT}")
        progress(done, len(output.files))
    known = {OUTPUT, *(file.path for file in output.files)}
    found = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir()}
    return output, [*wrong, *(f"{name} is not in {OUTPUT}" for name in sorted(found - known))]
