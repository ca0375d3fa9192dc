"""The SHA-256 of a file while somebody writes it: a second core hashes what the first one has written."""

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from synthprof.base.files import FileRecord
from synthprof.base.units import MIB

PAUSE_SECONDS = 0.02
"""Time between two looks at a file that has not grown."""


@dataclass
class Followed:
    """A file that is written from its beginning to its end, and the digest of what was read of it."""

    path: Path
    ended: threading.Event = field(default_factory=threading.Event)
    bytes: int = 0
    digest: Any = field(default_factory=hashlib.sha256)

    def follow(self) -> None:
        """Hash what is there until the writer has ended and all of it was read."""
        while not self.path.exists():
            if self.ended.wait(PAUSE_SECONDS):
                break
        with self.path.open("rb", buffering=0) as file:
            last = False
            while True:
                if part := file.read(MIB):
                    self.digest.update(part)
                    self.bytes += len(part)
                elif last:
                    return
                else:
                    last = self.ended.wait(PAUSE_SECONDS)

    def record(self, name: str) -> FileRecord:
        """Return the record of the file under that name, after it has ended."""
        return FileRecord(path=name, bytes=self.bytes, sha256=self.digest.hexdigest())


@contextmanager
def following(path: Path) -> Iterator[Followed]:
    """Yield the file that is written at the path meanwhile. What reading it raises is raised at the end."""
    found, failures = Followed(path), list[Exception]()

    def follow() -> None:
        try:
            found.follow()
        except Exception as error:
            failures.append(error)

    thread = threading.Thread(target=follow, name="hash", daemon=True)
    thread.start()
    try:
        yield found
    finally:
        found.ended.set()
        thread.join()
    if failures:
        raise failures[0]
