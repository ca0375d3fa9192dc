"""The pictures of a block: found again in their source, decoded once, embedded and made thumbnails of."""

import datetime
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from PIL.Image import Image

from synthprof.base.errors import SpecError
from synthprof.base.units import MIB
from synthprof.encoders.slow.asking import Embedded, Embedder
from synthprof.encoders.slow.contents import Unreadable
from synthprof.encoders.slow.dispatch import Failure
from synthprof.encoders.slow.request import UNREADABLE
from synthprof.schemas.loader import KEY
from synthprof.sources.pictures.decode import decoded
from synthprof.sources.pictures.facts import DIGEST
from synthprof.sources.pictures.picture import BadPicture, Picture
from synthprof.sources.pictures.reader import content_digest
from synthprof.sources.source import Source, source_pictures
from synthprof.spec.limits import MAX_THUMBNAILS
from synthprof.spec.spec import BLOCK_ROWS
from synthprof.stages.context import Context
from synthprof.stages.thumbnails import LEAST, Thumbnails

CHUNK, CHUNK_BYTES = 1_024, 64 * MIB
"""Pictures that are embedded before the next are looked for, and their bytes where a table has them."""

GONE = "it is no longer in the source; put it back"
CHANGED = "it has changed since the source was read; run it again: what is there now is another version"


@dataclass(frozen=True)
class _Row:
    """A row of a block and its picture, as an encoder asks for it; the thumbnail is of the same pixels."""

    place: int
    digest: bytes
    picture: Picture
    thumbnails: Thumbnails | None

    def image(self, least: int) -> Image:
        """Return the picture. Raises Unreadable if it cannot be read, or has other bytes than before."""
        try:
            content = self.picture.load()
            if content_digest(content) != self.digest.hex():
                raise Unreadable(CHANGED)
            image = decoded(content, max(least, LEAST))
        except BadPicture as error:
            raise Unreadable(str(error)) from None
        if self.thumbnails is not None:
            self.thumbnails.add(self.digest, image)
        return image

    @property
    def shown(self) -> bool:
        """True if the thumbnail is there, or none is wanted."""
        return self.thumbnails is None or self.digest in self.thumbnails

    def show(self) -> Unreadable | None:
        """Make the thumbnail, as where the picture was embedded before; return why there is none."""
        try:
            self.image(LEAST)
        except Unreadable as error:
            return error
        return None


class Shelf:
    """The pictures of a source, looked through in its order as the blocks of a shard want them."""

    def __init__(self, context: Context) -> None:
        """Raise SpecError if nothing names the source."""
        runtime, spec = context.request.runtime, context.spec
        if not runtime.source:
            raise SpecError(
                f"pictures of {context.request.dataset!r} must be read from their source once more; run "
                "`synthprof embed` with the same parameters"
            )
        self._source = Source.of(runtime, spec.columns, spec.kind)
        self._pictures: Iterator[Picture] = iter(())

    def find(self, keys: Sequence[str]) -> Iterator[tuple[int, Picture]]:
        """Yield the place and the picture of each key, in the order of the source; some may be gone."""
        wanted = {key: place for place, key in enumerate(keys)}
        yield from self._looked_for(wanted)
        if wanted:  # the first block, one that stands before the last, or a picture that is gone
            self._pictures = source_pictures(self._source).pictures()
            yield from self._looked_for(wanted)

    def _looked_for(self, wanted: dict[str, int]) -> Iterator[tuple[int, Picture]]:
        while wanted and (picture := next(self._pictures, None)) is not None:
            place = wanted.pop(picture.id, None)
            if place is not None:
                yield place, picture


@dataclass(frozen=True)
class EmbeddedPictures:
    """The embeddings of a block of pictures, NaN where there is none, and why; and its thumbnails."""

    digests: list[bytes]
    embedded: Embedded
    thumbnails: pa.RecordBatch


def embed_pictures(context: Context, embedder: Embedder, shelf: Shelf, block: int) -> EmbeddedPictures:
    """Embed the pictures of a block; one that is gone, changed or damaged has no embedding, but a reason.

    Raises what `Embedder.embed` raises.
    """
    rows = context.blocks.profiles(block)
    digests = [bytes.fromhex(each) for each in rows.column(DIGEST).to_pylist()]
    thumbnails = Thumbnails()
    shown = MAX_THUMBNAILS - block * BLOCK_ROWS
    found = (
        _Row(place, digests[place], picture, thumbnails if place < shown else None)
        for place, picture in shelf.find(rows.column(KEY).to_pylist())
    )
    matrix = np.full((len(digests), context.spec.dim_embedding), np.nan, np.float32)
    failures: dict[bytes, Failure] = {}
    there = set[int]()
    with ThreadPoolExecutor(context.budget.workers, "thumbnails") as threads:
        for chunk in _chunks(found):
            made = embedder.embed(chunk, [row.digest for row in chunk])
            matrix[[row.place for row in chunk]] = made.embeddings
            failures |= made.failures
            there |= {row.place for row in chunk}
            hidden = [row for row in chunk if row.digest not in made.failures and not row.shown]
            for row, error in zip(hidden, threads.map(_Row.show, hidden), strict=True):
                if error is not None:
                    matrix[row.place] = np.nan
                    failures[row.digest] = _failure(row.digest, str(error))
    gone = [digests[place] for place in range(len(digests)) if place not in there]
    failures |= {digest: _failure(digest, GONE) for digest in gone}
    kept = [digest if has else None for digest, has in zip(digests, ~np.isnan(matrix[:, 0]), strict=True)]
    return EmbeddedPictures(digests, Embedded(matrix, failures), thumbnails.batch(kept))


def _chunks(rows: Iterator[_Row]) -> Iterator[list[_Row]]:
    """Yield the rows in chunks that are small enough to be in memory."""
    chunk: list[_Row] = []
    held = 0
    for row in rows:
        chunk.append(row)
        held += row.picture.held
        if len(chunk) == CHUNK or held > CHUNK_BYTES:
            yield chunk
            chunk, held = [], 0
    if chunk:
        yield chunk


def _failure(digest: bytes, reason: str) -> Failure:
    at = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    return Failure(digest, UNREADABLE, reason, 0, at)
