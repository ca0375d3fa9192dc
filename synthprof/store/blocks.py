"""The files of a block, in the folder of the stage that makes them, and their seal."""

import itertools
import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pydantic import TypeAdapter, ValidationError

from synthprof.base.digests import digest_in_memory
from synthprof.base.errors import Damaged, StageError
from synthprof.base.files import FileRecord, matches, replacing, sealed
from synthprof.base.kinds import check_file, read_bytes, read_text
from synthprof.pipeline import maker_of
from synthprof.schemas.bundle import Bundle
from synthprof.schemas.schema import Schema
from synthprof.spec.contents import (
    EMBEDDINGS_DB,
    NO_CLUSTER,
    block_name,
    kind_of,
    seal_name_of,
    sealed_blocks,
)
from synthprof.spec.spec import BLOCK_ROWS, Spec
from synthprof.store.array_files import array_of, record_of_array, save_array
from synthprof.store.schemas import bundle_of, schema_of
from synthprof.store.sqlite.stored_blobs import stored_blobs

SEAL = TypeAdapter(tuple[FileRecord, ...])
"""Contents of a seal: the records of all files of its block."""


def seal_paths(folder: Path) -> list[Path]:
    """Return the paths of the seals that a stage has left in its folder."""
    return [path for path in folder.glob("seal-*") if sealed_blocks(path.name)]


PROFILES = "profiles"


TRAITS = "traits"
"""Columns of profiles that the overview counts and the map shows, lists as codes, and counts of the block."""


ARCHETYPES = "archetypes"


DUPLICATES = "duplicates"
"""The truth on second records; without any there is no such file."""


VECTORS = "vectors"


EMBEDDINGS = "embeddings"


AVATARS = "avatars"
"""A tar shard of pictures."""


AVATAR_TRUTH = "avatar_truth"
"""Rows that tell which pictures there are, and which of them are copies."""


MISSING = "missing"
"""Rows of a block, from 0, that have no embedding and only a placeholder. Mostly there is no such file."""


THUMBNAILS = "thumbnails"
"""Small pictures of the rows of a collection of pictures, JPEG each; null where there is none."""


FAILURES = "failures"
"""Reasons why rows have no embedding, one line of JSON each. Mostly there is no such file."""


LISTS = "lists"
"""The inverted lists of a part's rows, as `list_filling.fill_part` writes them."""


NEIGHBOURS = "neighbours"
"""The rows of a part nearest to the queries that tell recall: ids and similarities, (2, q, k) float64."""


_ARRAYS = (ARCHETYPES, VECTORS, EMBEDDINGS, MISSING, NEIGHBOURS)
"""Kinds that are arrays; the others are rows, but for those of `_SUFFIXES`."""

_SUFFIXES = {FAILURES: "jsonl", AVATARS: "tar", LISTS: "bin"}


@dataclass(frozen=True)
class Blocks:
    """The block files of a build; plain paths and numbers, so that it can be sent to a worker process."""

    build: Path
    spec: Spec

    @property
    def bundle(self) -> Bundle:
        """The schema with all that is needed of it, read once per process."""
        return bundle_of(self.spec, self.build)

    @property
    def schema(self) -> Schema:
        """The columns of the rows."""
        return schema_of(self.spec, self.bundle)

    @property
    def vectorized(self) -> tuple[str, ...]:
        """The kinds that `vectorize` makes: a collection has no feature vectors, pictures have thumbnails."""
        if self.spec.pictures:
            return EMBEDDINGS, THUMBNAILS
        return (EMBEDDINGS,) if self.spec.collection else (VECTORS, EMBEDDINGS)

    def path(self, kind: str, block: int) -> Path:
        """Return the path of a block of one kind, whether it exists or not."""
        maker = maker_of(kind)
        return self.build / maker.folder(self.spec) / block_name(kind, block, _suffix(kind))

    def profiles(self, block: int) -> pa.RecordBatch:
        """Read a block of profiles: `id` and the schema's columns. Raise StageError if it cannot be read."""
        return self._batch(PROFILES, block)

    def traits(self, block: int) -> pa.RecordBatch:
        """Read the traits of a block, as `stages.traits` has them, with `id`. Raises as `profiles`."""
        batch, first = self._batch(TRAITS, block), block * BLOCK_ROWS + 1
        ids = pa.array(np.arange(first, first + self.spec.block_rows(block)))
        schema = batch.schema.insert(0, pa.field("id", ids.type))
        return pa.RecordBatch.from_arrays([ids, *batch.columns], schema=schema)

    def thumbnails(self, block: int) -> pa.RecordBatch:
        """Read the thumbnails of a block, a column `thumbnail`. Raises as `profiles`."""
        return self._batch(THUMBNAILS, block)

    def children(self, table: str, block: int) -> pa.RecordBatch:
        """Read the children of a block's profiles: the key, `n` and the columns. Raises as `profiles`."""
        return self._batch(table, block)

    def avatar_truth(self, block: int) -> pa.RecordBatch:
        """Read what is true of a block's pictures. Raises as `profiles`."""
        return self._batch(AVATAR_TRUTH, block)

    def _batch(self, kind: str, block: int) -> pa.RecordBatch:
        path = self.path(kind, block)
        with _readable(path):
            data, proven = self._content(path, block)
            with pa.ipc.open_file(pa.py_buffer(data)) as reader:
                batch = reader.get_batch(0)
                if not proven:
                    batch.validate(full=True)  # offsets of a damaged file would lead out of its buffers
                return batch

    def _content(self, path: Path, block: int) -> tuple[npt.NDArray[np.uint8], bool]:
        """Read a block file, and return whether its seal has proven it; a fetched one comes without its seal.

        Raises Damaged if it is not as it was sealed.
        """
        data = np.fromfile(check_file(path), np.uint8)
        sealed = record_in_seal(path, block)
        if sealed is not None and digest_in_memory(data.data) != sealed.xxh128:
            raise Damaged(path)
        return data, sealed is not None

    def duplicates(self, block: int) -> pa.RecordBatch:
        """Read the truth on the second records of a block, as `second_records.truth` has it. Raises alike."""
        return self._batch(DUPLICATES, block)

    def matrix(self, kind: str, block: int) -> np.ndarray:
        """Read a block of vectors, embeddings or archetypes, one row per profile.

        Raises StageError if it cannot be read.
        """
        path = self.path(kind, block)
        with _readable(path):
            try:
                return array_of(self._content(path, block)[0])
            except FileNotFoundError:
                if kind != EMBEDDINGS:
                    raise
        return self._stored_embeddings(block)

    def _stored_embeddings(self, block: int) -> np.ndarray:
        """Read a block of embeddings that was let go of from the database that has its rows."""
        path = self.build / maker_of(EMBEDDINGS_DB).folder(self.spec) / EMBEDDINGS_DB
        last = self.spec.blocks - 1
        rows = (*[BLOCK_ROWS] * last, self.spec.block_rows(last))
        with _readable(path):
            return stored_blobs(check_file(path), 4 * self.spec.dim_embedding, rows, block).view("<f4")

    def lines(self, kind: str, block: int) -> list[dict[str, Any]]:
        """Read a block of lines of JSON. Raises StageError if it cannot be read."""
        path = self.path(kind, block)
        with _readable(path):
            return [json.loads(line) for line in read_text(path).splitlines()]

    def matrices(self, kind: str) -> Iterator[np.ndarray]:
        """Yield all blocks of one kind, in order."""
        return (self.matrix(kind, block) for block in range(self.spec.blocks))

    def missing(self, block: int) -> np.ndarray:
        """Return the rows of a block, from 0, that have no embedding, (m,) int64."""
        there = self.path(MISSING, block).exists()
        return self.matrix(MISSING, block) if there else np.zeros(0, np.int64)

    def all_missing(self) -> np.ndarray:
        """Return the ids of all profiles that have no embedding, (m,) int64, ascending."""
        blocks = range(self.spec.blocks)
        return np.concatenate([self.missing(block) + block * BLOCK_ROWS + 1 for block in blocks])

    def without_missing(self, labels: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
        """Return the labels for readers, (n,): a profile without an embedding has no cluster."""
        missing = self.all_missing()
        if len(missing):
            labels = labels.copy()
            labels[missing - 1] = NO_CLUSTER
        return labels

    def rows_at(self, kind: str, rows: np.ndarray) -> np.ndarray:
        """Return the rows of a matrix, reading each block once.

        rows: (m,) integers, ascending, positions in the data set from 0. Returns (m, d) as the blocks have
        them, also for no rows. Raises StageError if a block cannot be read.
        """
        edges = np.searchsorted(rows, np.arange(self.spec.blocks + 1) * BLOCK_ROWS)
        parts = [
            self.matrix(kind, block)[rows[first:end] - block * BLOCK_ROWS]
            for block, (first, end) in enumerate(itertools.pairwise(edges))
            if first < end
        ]
        return np.concatenate(parts) if parts else self.matrix(kind, 0)[:0]

    def write(
        self, kind: str, block: int, value: "pa.RecordBatch | np.ndarray | str | Iterable[bytes]"
    ) -> FileRecord | None:
        """Write a block under its name, whole unless the power fails: its seal tells (docs/adr/0007).

        It is not flushed: blocks are made faster than disks write, and can be made again. Returns the record
        of an array, for `seal`, from memory: other files are read for it.
        """
        path = self.path(kind, block)
        with replacing(path, durable=False) as temporary:
            if isinstance(value, np.ndarray):
                save_array(temporary, value)
            elif isinstance(value, str):
                temporary.write_text(value, encoding="utf-8")
            elif isinstance(value, pa.RecordBatch):
                write_batch(temporary, value)
            else:
                with temporary.open("wb") as file:
                    file.writelines(value)
        return record_of_array(path.name, value) if isinstance(value, np.ndarray) else None

    def seal(self, kinds: Sequence[str], block: int, *known: FileRecord | None) -> tuple[FileRecord, ...]:
        """Write the seal of a block and return the records of its files, for `kept`.

        known: records that `write` has returned, whose files need not be read. The seal is not flushed:
        without it, or with half of it, the block is only made once more.
        """
        paths = [self.path(kind, block) for kind in kinds]
        named = {each.path: each for each in known if each}
        records = tuple(named.get(path.name) or sealed(path) for path in paths)
        write_seal(self._seal(kinds, block), records)
        return records

    def kept(self, kinds: Sequence[str], block: int) -> tuple[FileRecord, ...] | None:
        """Return the records of a block's files if they match their seal to the last byte, else None."""
        return kept(self._seal(kinds, block), [self.path(kind, block) for kind in kinds])

    def _seal(self, kinds: Sequence[str], block: int) -> Path:
        return self.path(kinds[0], block).with_name(seal_name_of(kinds[0], block))


def write_seal(path: Path, records: tuple[FileRecord, ...]) -> None:
    """Write a seal, the records of files in its folder. Without it they are only made once more."""
    with replacing(path, durable=False) as temporary:
        temporary.write_bytes(SEAL.dump_json(records))


def kept(seal: Path, paths: Sequence[Path]) -> tuple[FileRecord, ...] | None:
    """Return the records in a seal if it is of these files, and they match it to the last byte, else None."""
    records = _seal_at(seal)
    same = [path.name for path in paths] == [each.path for each in records]
    return records if same and all(map(matches, (path.parent for path in paths), records)) else None


def record_in_seal(path: Path, block: int) -> FileRecord | None:
    """Return the record of a block file in its seal, by which reading proves it; None without XXH3-128."""
    records = _seal_at(path.with_name(seal_name_of(kind_of(path.name), block)))
    return next((each for each in records if each.path == path.name and each.xxh128), None)


def _seal_at(path: Path) -> tuple[FileRecord, ...]:
    """Return the records of a seal; none if there is no seal, or half of one."""
    try:
        return SEAL.validate_json(read_bytes(path))
    except (OSError, ValidationError):
        return ()


def _suffix(kind: str) -> str:
    return _SUFFIXES.get(kind, "npy" if kind in _ARRAYS else "arrow")


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    """Turn read errors of the block file into StageError: Damaged if it is there."""
    try:
        yield
    except FileNotFoundError as error:
        raise StageError(f"{path} is missing; run its stage again first") from error
    except (OSError, pa.ArrowInvalid, ValueError, EOFError) as error:
        raise Damaged(path) from error


def write_batch(path: Path, batch: pa.RecordBatch) -> None:
    """Write the rows as a block file has them."""
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, batch.schema) as writer:
        writer.write_batch(batch)
