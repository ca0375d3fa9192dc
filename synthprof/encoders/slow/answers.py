"""Saved vectors of an embedding service, by text: paid for once, kept for every later run.

There is one SQLite file per model and dimension under the data root. It is both the checkpoint of a run, row
by row, and the cache between runs. It has a rollback journal: with a write-ahead log, SQLite before 3.51.3
can corrupt a file that two processes write.
"""

import hashlib
import sqlite3
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

DIGESTS_BATCH = 500
"""Digests per query, below the 999 parameters that every SQLite takes."""

_TABLE = """
CREATE TABLE IF NOT EXISTS answers (digest BLOB PRIMARY KEY, embedding BLOB NOT NULL, at REAL NOT NULL)
"""


class Answers:
    """The answers of one model in one dimension. Threads and processes may share it."""

    def __init__(self, home: Path, identity: str) -> None:
        folder = home / ".embeddings"
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / f"{digest_of(identity)}.db"
        self._lock = threading.Lock()
        with self._clear_errors():
            self._connection = sqlite3.connect(
                self.path, timeout=60, isolation_level=None, check_same_thread=False
            )
            try:
                self._connection.execute(_TABLE)
            except sqlite3.Error:
                self._connection.close()
                raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def find(self, digests: Sequence[bytes], since: float = 0.0) -> dict[bytes, Vector]:
        """Return the saved vectors of texts, answered at `since` (seconds of the epoch) or later.

        digests: as `text_digest` gives them. Returns read-only vectors, (dim,) float32 of norm 1, by digest.
        Raises StageError if the file cannot be read.
        """
        found: dict[bytes, Vector] = {}
        for first in range(0, len(digests), DIGESTS_BATCH):
            part = digests[first : first + DIGESTS_BATCH]
            marks = ",".join("?" * len(part))
            query = f"SELECT digest, embedding FROM answers WHERE at >= ? AND digest IN ({marks})"
            with self._lock, self._clear_errors():
                rows = self._connection.execute(query, (since, *part)).fetchall()
            found |= {digest: np.frombuffer(blob, "<f4") for digest, blob in rows}
        return found

    def save(self, vectors: Mapping[bytes, Vector], since: float = 0.0) -> None:
        """Save the vectors on disk, all or none, as answered at `since` or later.

        Raises SpecError if the disk is full, StageError for other errors of SQLite.
        """
        at = max(time.time(), since)
        rows = [(digest, vector.astype("<f4").tobytes(), at) for digest, vector in vectors.items()]
        with self._lock, self._clear_errors():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                self._connection.executemany("REPLACE INTO answers VALUES (?, ?, ?)", rows)
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
        except sqlite3.Error as error:
            if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL:
                raise SpecError(
                    f"{self.path} could not be written: the disk is full; free some space, then run it again"
                ) from error
            raise StageError(
                f"{self.path} cannot be used ({error}); run it again, or if it is damaged put back a copy or "
                "remove it: what it answered is then asked for again"
            ) from error


def text_digest(text: str) -> bytes:
    """Return 16 bytes of BLAKE2b that identify a text."""
    return hashlib.blake2b(text.encode(), digest_size=16).digest()


def text_digests(texts: Iterable[str]) -> list[bytes]:
    """Return the digest of each text."""
    return [text_digest(text) for text in texts]
