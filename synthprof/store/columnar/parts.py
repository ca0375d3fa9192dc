"""The part files of a build, in the folder of the stage that makes them, and their seals."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from synthprof.base.files import FileRecord, flush_folder, sealed
from synthprof.pipeline import maker_of
from synthprof.spec.contents import PartKind, part_file, part_seal_name
from synthprof.spec.spec import Spec
from synthprof.store.blocks import kept, write_seal
from synthprof.store.columnar.checks import check_part


@dataclass(frozen=True)
class Parts:
    """The part files of a build; plain paths and numbers, so that it can be sent to a worker process."""

    build: Path
    spec: Spec

    def path(self, kind: PartKind, part: int) -> Path:
        """Return the path of a part of one kind, whether it exists or not."""
        file = part_file(kind, part)
        return self.build / maker_of(file.name).folder(self.spec) / file.made_as

    def seal(self, kinds: Sequence[PartKind], part: int) -> tuple[FileRecord, ...]:
        """Write the seal of a part and return the records of its files, for others too.

        The files are flushed before, as a version has links to them.
        """
        records = tuple(sealed(self.path(kind, part), published=True) for kind in kinds)
        flush_folder(self._seal(kinds, part).parent)
        write_seal(self._seal(kinds, part), records)
        return records

    def kept(self, kinds: Sequence[PartKind], part: int) -> tuple[FileRecord, ...] | None:
        """Return the records of a part's files if they match their seal to the last byte, else None."""
        return kept(self._seal(kinds, part), [self.path(kind, part) for kind in kinds])

    def check(self, kind: PartKind, part: int) -> None:
        """Raise StageError unless a part holds the rows that it should, as its head or foot tells."""
        check_part(self.path(kind, part), self.spec, kind, part)

    def _seal(self, kinds: Sequence[PartKind], part: int) -> Path:
        return self.path(kinds[0], part).with_name(part_seal_name(part))
