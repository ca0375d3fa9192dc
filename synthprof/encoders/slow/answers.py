"""Saved vectors of an embedding service, by text: paid for once, kept for every later run.

There is one SQLite file per model and dimension under the data root. It is both the checkpoint of a run, row
by row, and the cache between runs. It has a rollback journal: with a write-ahead log, SQLite before 3.51.3
can corrupt a file that two processes write.

A row carries the digest of what it says. One that does not prove itself does not count: its text is asked for
again, and the row replaced. Disks leave such rows, and so have releases up to 0.2, which saved no digests.
"""

import hashlib
import logging
import sqlite3
import struct
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Self

import numpy as np

from synthprof.base.arrays import Vector
from synthprof.base.digests import digest_of
from synthprof.base.errors import SpecError, StageError
from synthprof.base.files import make_folder
from synthprof.base.kinds import check_file

DIGESTS_BATCH = 500
"""Digests per query, below the 999 parameters that every SQLite takes."""

NORM_TOLERANCE = 1e-4
"""Allowed deviation of a vector's norm from 1, as in what is published: float32 rounding."""

_TABLE = """
CREATE TABLE IF NOT EXISTS answers (
  digest BLOB PRIMARY KEY, embedding BLOB NOT NULL, at REAL NOT NULL, seal BLOB
)
"""

_OUTSIDE = {
    *(sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PERM, sqlite3.SQLITE_READONLY),
    *(sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_INTERRUPT),
}
"""Kinds of error whose reason is not in the file: a retry may succeed. Any other tells of damage."""

logger = logging.getLogger(__name__)


class Answers:
    """The answers of one model in one dimension. Threads and processes may share it."""

    def __init__(self, home: Path, identity: str, dim: int) -> None:
        folder = home / ".embeddings"
        make_folder(folder)
        self.path = check_file(folder / f"{digest_of(identity)}.db")
        self._dim, self._key = dim, digest_of(identity).encode()
        self._lock = threading.Lock()
        with self._clear_errors():
            self._connection = sqlite3.connect(
                self.path, timeout=60, isolation_level=None, check_same_thread=False
            )
            try:
                self._prepare()
            except BaseException:
                self._connection.close()
                raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def _prepare(self) -> None:
        """Make the table, or give that of an earlier release room for seals."""
        self._connection.text_factory = bytes  # what a flipped bit makes a text need not be UTF-8
        self._connection.execute("BEGIN IMMEDIATE")
        self._connection.execute(_TABLE)
        known = self._connection.execute("SELECT name FROM pragma_table_info('answers')").fetchall()
        if (b"seal",) not in known:
            self._connection.execute("ALTER TABLE answers ADD COLUMN seal BLOB")
        self._connection.execute("COMMIT")

    def find(self, digests: Sequence[bytes], since: float = 0.0) -> dict[bytes, Vector]:
        """Return the saved vectors of texts, answered at `since` (seconds of the epoch) or later.

        digests: as `text_digest` gives them. Returns read-only vectors, (dim,) float32 of norm 1, by digest;
        a row that does not prove itself is left out. Raises StageError if the file cannot be read.
        """
        found: dict[bytes, Vector] = {}
        for first in range(0, len(digests), DIGESTS_BATCH):
            part = digests[first : first + DIGESTS_BATCH]
            marks = ",".join("?" * len(part))
            query = f"SELECT digest, embedding, at, seal FROM answers WHERE digest IN ({marks})"
            with self._lock, self._clear_errors():
                rows = self._connection.execute(query, part).fetchall()
            sound = [row for row in rows if self._is_proven(*row)]
            if len(sound) < len(rows):
                unproven = len(rows) - len(sound)
                logger.warning("%d saved answers do not prove themselves and are asked for again", unproven)
            found |= self._whole({digest: blob for digest, blob, at, _ in sound if at >= since})
        return found

    def _is_proven(self, digest: object, blob: object, at: object, seal: object) -> bool:
        """Return whether the row is as it was saved, in the answers of this model."""
        if not (isinstance(digest, bytes) and isinstance(blob, bytes) and isinstance(at, float)):
            return False
        return seal == self._seal(digest, blob, at)

    def _seal(self, digest: bytes, blob: bytes, at: float) -> bytes:
        """Return the digest of what a row says, and of the model; the parts but the last have one length."""
        said = digest + struct.pack("<d", at) + blob
        return hashlib.blake2b(said, digest_size=16, key=self._key).digest()

    def _whole(self, blobs: Mapping[bytes, bytes]) -> dict[bytes, Vector]:
        """Return the vectors of the right width and of norm 1, so that nothing in them is infinite or NaN."""
        fitting = {digest: blob for digest, blob in blobs.items() if len(blob) == 4 * self._dim}
        vectors = np.frombuffer(b"".join(fitting.values()), "<f4").reshape(-1, self._dim)
        norms = np.sqrt(np.einsum("ij,ij->i", vectors, vectors))
        whole = np.abs(norms - 1) <= NORM_TOLERANCE
        return {digest: vectors[row] for row, digest in enumerate(fitting) if whole[row]}

    def save(self, vectors: Mapping[bytes, Vector], since: float = 0.0) -> None:
        """Save the vectors on disk, all or none, as answered at `since` or later.

        Raises SpecError if the disk is full, StageError for other errors of SQLite.
        """
        at = max(time.time(), since)
        blobs = {digest: vector.astype("<f4").tobytes() for digest, vector in vectors.items()}
        rows = [(digest, blob, at, self._seal(digest, blob, at)) for digest, blob in blobs.items()]
        with self._lock, self._clear_errors():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                self._connection.executemany("REPLACE INTO answers VALUES (?, ?, ?, ?)", rows)
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:  # a full disk has ended it already
                    self._connection.execute("ROLLBACK")
                raise

    @contextmanager
    def _clear_errors(self) -> Iterator[None]:
        """Turn SQLite's errors into SpecError for a full disk and StageError for others, with a remedy."""
        try:
            yield
        except (sqlite3.Error, UnicodeDecodeError) as error:  # the latter in place of a message about damage
            kind = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF
            if kind == sqlite3.SQLITE_FULL:
                raise SpecError(
                    f"{self.path} could not be written: the disk is full; free some space, then run it again"
                ) from error
            if kind in _OUTSIDE:
                raise StageError(f"{self.path} cannot be used ({error}); run it again") from error
            raise StageError(
                f"{self.path} is damaged ({error}); remove it or put back a copy, then run it again: what it "
                "lacks is asked for again"
            ) from error


def text_digest(text: str) -> bytes:
    """Return 16 bytes of BLAKE2b that identify a text."""
    return hashlib.blake2b(text.encode(), digest_size=16).digest()


def text_digests(texts: Iterable[str]) -> list[bytes]:
    """Return the digest of each text."""
    return [text_digest(text) for text in texts]
