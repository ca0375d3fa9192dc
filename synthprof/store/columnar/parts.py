"""The part files of a build, in the folder of the stage that makes them, and their seals."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from synthprof.base.errors import StageError
from synthprof.base.files import FileRecord, flush_folder, sealed
from synthprof.pipeline import maker_of
from synthprof.spec.contents import PartKind, ids_of, part_file, part_seal_name
from synthprof.spec.spec import Spec
from synthprof.store.blocks import kept, write_seal
from synthprof.store.columnar.matrices import matrix_shape
from synthprof.store.columnar.table import table_ids


@dataclass(frozen=True)
class Parts:
    """The part files of a build; plain paths and numbers, so that it can be sent to a worker process."""

    build: Path
    spec: Spec

    def path(self, kind: PartKind, part: int) -> Path:
        """Return the path of a part of one kind, whether it exists or not."""
        file = part_file(kind, part)
        return self.build / maker_of(file.name).folder(self.spec) / file.made_as

    def shape(self, kind: PartKind, part: int) -> tuple[int, int]:
        """Return rows and values of a part of vectors or embeddings."""
        spec = self.spec
        return len(ids_of(spec, part)), spec.dim_vector if kind == "vetores" else spec.dim_embedding

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
        path, ids = self.path(kind, part), ids_of(self.spec, part)
        if kind == "perfis":
            rows, low, high = table_ids(path)
            found, wanted = f"{rows} rows, {low} to {high}", f"{len(ids)} rows, {ids[0]} to {ids[-1]}"
        else:
            found, wanted = (
                "{} x {} values".format(*matrix_shape(path)),
                "{} x {} values".format(*self.shape(kind, part)),
            )
        if found != wanted:
            raise StageError(
                f"{path} should hold {wanted}, but holds {found}; `synthprof repair` makes a version whole, "
                "a run with force makes all anew"
            )

    def _seal(self, kinds: Sequence[PartKind], part: int) -> Path:
        return self.path(kinds[0], part).with_name(part_seal_name(part))
