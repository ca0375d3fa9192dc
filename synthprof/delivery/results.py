"""A folder of finished results, read only: its manifest, tables and figures."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import pyarrow as pa
import pyarrow.parquet as pq

from synthprof.base.errors import StageError
from synthprof.base.kinds import check_file, read_bytes
from synthprof.store.outputs import Output


@dataclass(frozen=True, repr=False)
class Results:
    """Finished results. folder: where their files lie. output: their manifest."""

    _verb: ClassVar[str]
    """The command that makes them again."""

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

    def _table(self, name: str) -> pa.Table:
        try:
            return pq.read_table(check_file(self.folder / name))
        except (OSError, pa.ArrowException) as error:
            raise self._damaged(name) from error

    def _damaged(self, name: str) -> StageError:
        return StageError(
            f"{self.folder / name} is missing or damaged; remove the folder and {self._verb} again"
        )
