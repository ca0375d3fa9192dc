"""A folder of finished results, read only: its manifest, tables and figures."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import pyarrow as pa
import pyarrow.parquet as pq

from synthprof.base.errors import StageError
from synthprof.base.files import is_there
from synthprof.base.kinds import check_file, read_bytes
from synthprof.store.outputs import Output, read_output


@dataclass(frozen=True, repr=False)
class Results:
    """Finished results. folder: where their files lie. output: their manifest."""

    _kind: ClassVar[str]
    """The word that their manifest has for what they are."""

    _again: ClassVar[str]
    """The last words of a remedy: what to do after the damaged folder is removed."""

    folder: Path
    output: Output

    @property
    def dataset(self) -> str:
        """The name of the data set."""
        return self.output.dataset

    @property
    def key(self) -> str:
        """The name of the results, which follows from all that determines their bytes."""
        return self.output.key

    def _document(self, name: str) -> dict[str, Any]:
        try:
            found: dict[str, Any] = json.loads(read_bytes(self.folder / name))
        except (OSError, ValueError) as error:
            raise self._damaged(name) from error
        return found

    def _table(self, name: str, schema: pa.Schema | None = None) -> pa.Table:
        """Return a table. Raises StageError if it cannot be read, or has other columns than the schema."""
        try:
            found = pq.read_table(check_file(self.folder / name))
        except (OSError, pa.ArrowException) as error:
            raise self._damaged(name) from error
        if schema is not None and not found.schema.equals(schema):
            raise self._damaged(name, "has other columns than in this release")
        return found

    def _damaged(self, name: str, problem: str = "is missing or was changed") -> StageError:
        return StageError(f"{self.folder / name} {problem}; remove the folder and {self._again}")


Kind = TypeVar("Kind", bound=Results)


def open_results(kind: type[Kind], folder: Path) -> Kind:
    """Return the results in a folder.

    Raises StageError if the manifest is missing or was changed, if a file is missing or has another size, or
    if the folder holds results of another kind.
    """
    folder = folder.expanduser().absolute()
    found = kind(folder, read_output(folder))
    if found.output.kind != kind._kind:
        raise StageError(f"{folder} holds {found.output.kind}, not {kind._kind}; give another folder")
    for file in found.output.files:
        if not is_there(folder, file):
            raise found._damaged(file.path)
    return found
