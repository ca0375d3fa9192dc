"""The pictures of an order: what they are called, and what their bytes are, before any is decoded."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from synthprof.base.digests import digest_of
from synthprof.base.errors import SpecError
from synthprof.delivery.matching.order import MatchOrder
from synthprof.sources.pictures.facts import DIGEST
from synthprof.sources.pictures.picture import BadPicture, Picture
from synthprof.sources.pictures.source import open_source
from synthprof.spec.contents import AVATAR_TRUTH_FILE, AVATARS_FOLDER, THUMBNAILS
from synthprof.versions.pictures import thumbnails
from synthprof.versions.version import Version, open_version

DIGEST_BYTES = 16


@dataclass(frozen=True)
class Place:
    """The place of an order's pictures. version: whose they are; None for a source elsewhere.

    path: of a source, or of a version's avatars or thumbnails.
    """

    order: MatchOrder
    path: Path
    version: Version | None

    @property
    def collected(self) -> Version | None:
        """The version of pictures whose thumbnails are matched; None where they are anything else."""
        return self.version if self.version and self.version.spec.pictures else None

    def pictures(self) -> Iterator[Picture]:
        """Yield the pictures, in the same order each time."""
        order = self.order
        if self.collected:
            return thumbnails(self.collected)
        columns = {"id_column": order.id_column, "image_column": order.image_column}
        return open_source(self.path, table=order.table, **columns)

    @property
    def truth(self) -> Path | None:
        """The file that tells which of the pictures are copies, where that is known."""
        path = self.version.folder / AVATAR_TRUTH_FILE if self.version else None
        return path if path and path.is_file() else None


@dataclass(frozen=True, eq=False)
class Survey:
    """The pictures by number: ids, and digests of their bytes, (n, 16) uint8; zeros for what has none."""

    ids: list[str]
    digests: npt.NDArray[np.uint8]

    @property
    def content(self) -> str:
        """Thirty-two hexadecimal digits that name the pictures with their ids and order."""
        every = hashlib.blake2b(self.digests.tobytes(), digest_size=DIGEST_BYTES)
        return digest_of([every.hexdigest(), self.ids])

    def originals(self) -> npt.NDArray[np.int64]:
        """Return the first picture with the same bytes as each one, (n,): its own number for most."""
        keys = np.ascontiguousarray(self.digests).view(f"V{DIGEST_BYTES}").ravel()
        _, first, numbers = np.unique(keys, return_index=True, return_inverse=True)
        known = self.digests.any(axis=1)
        return np.where(known, first[numbers.ravel()], np.arange(len(keys)))


def place_of(home: Path, order: MatchOrder) -> Place:
    """Return where the pictures are. Raises SpecError if the version has none of any kind."""
    if order.pictures:
        return Place(order, Path(order.pictures), None)
    version = open_version(home, order.dataset, order.version or None)
    if version.spec.pictures:
        return Place(order, version.folder / THUMBNAILS, version)
    if not version.spec.avatars:
        raise SpecError(
            f"version {version.name} of {order.dataset!r} has no avatars; make it with --avatars, or name a "
            "folder of pictures by --pictures"
        )
    return Place(order, version.folder / AVATARS_FOLDER, version)


def survey(place: Place, told: Callable[[int], None]) -> Survey:
    """Read all pictures once. told: called with the number of pictures so far, now and then."""
    ids: list[str] = []
    digests = bytearray()
    for number, picture in enumerate(place.pictures(), 1):
        ids.append(picture.id or picture.name)
        try:
            digests += _digest(picture)
        except BadPicture:
            digests += bytes(DIGEST_BYTES)
        if number % 1_000 == 0:
            told(number)
    if not ids:
        raise SpecError(
            f"pictures={place.path} has no pictures; name a folder, a table or tar files with some"
        )
    return Survey(ids, np.frombuffer(bytes(digests), np.uint8).reshape(-1, DIGEST_BYTES))


def _digest(picture: Picture) -> bytes:
    """Return the digest of a picture's bytes, as a version of pictures knows it of what a thumbnail is of."""
    if DIGEST in picture.columns:
        return bytes.fromhex(picture.columns[DIGEST])
    return hashlib.blake2b(picture.load(), digest_size=DIGEST_BYTES).digest()
