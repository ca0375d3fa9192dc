"""The pictures of a block of profiles in a tar shard, as WebDataset reads them, and the truth about them.

A profile's picture has the key `000000012`, a changed copy of it `000000012-crop`. Each key has two members:
`.png`, and `.txt` with the caption of what the picture shows.
"""

import tarfile
from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa

from synthprof.base.streams import stream
from synthprof.profiles.avatars import changes, drawing
from synthprof.profiles.avatars.png import coloured_png, indexed_pngs
from synthprof.profiles.avatars.traits import traits_of
from synthprof.schemas.schema import Schema
from synthprof.spec.spec import BLOCK_ROWS, Spec

TRUTH = pa.schema(
    [
        pa.field("picture", pa.string(), nullable=False),
        pa.field("id", pa.int64(), nullable=False),
        pa.field("copy_of", pa.string()),
        pa.field("change", pa.string()),
        pa.field("caption", pa.string(), nullable=False),
    ]
)
"""A row for each picture: its key, its profile, and of a copy the key of its origin and the change."""

_Row = tuple[str, int, str | None, str | None, str]


@dataclass(frozen=True, eq=False)
class Avatars:
    """Some pictures of a block: a part of its tar shard, and the truth with the columns of `TRUTH`."""

    shard: bytes
    truth: pa.RecordBatch


def avatars_of(schema: Schema, spec: Spec, block: int, profiles: pa.RecordBatch) -> Iterator[Avatars]:
    """Yield the pictures of a block of profiles, with a changed copy of the share `spec.avatar_copies`.

    The parts of the shard, one after the other, are the whole of it. A short block has the pictures with
    which the full one begins.
    """
    rows = profiles.num_rows
    words = stream(spec.seed, "avatar", "drawing", block).uint16(BLOCK_ROWS * drawing.WORDS)
    traits = traits_of(schema, profiles)
    captions, ids = traits.captions(), profiles.column("id").to_pylist()
    copies = _Copies(spec, block)
    at = 0
    for places, palettes in drawing.draw(traits, words.reshape(BLOCK_ROWS, -1)[:rows], spec.avatar_size):
        part, pngs = _Part(), indexed_pngs(places, palettes)
        for own, (png, picture, palette) in enumerate(zip(pngs, places, palettes, strict=True), start=at):
            key = f"{ids[own]:09}"
            part.add(png, (key, ids[own], None, None, captions[own]))
            for change, copy in copies.of(own, drawing.coloured(picture, palette)):
                row = (f"{key}-{change}", ids[own], key, change, captions[own])
                part.add(coloured_png(copy), row)
        at += len(places)
        yield part.finished(last=at == rows)


class _Copies:
    """The changed copies of a block's pictures: at most one of each."""

    def __init__(self, spec: Spec, block: int) -> None:
        draw = stream(spec.seed, "avatar", "copies", block)
        self._there = draw.uniform(BLOCK_ROWS) < spec.avatar_copies
        self._words = draw.uint16(BLOCK_ROWS * (1 + changes.WORDS)).reshape(BLOCK_ROWS, -1)

    def of(self, row: int, picture: drawing.Pixels) -> Iterator[tuple[str, drawing.Pixels]]:
        """Yield the change and the changed picture, if the row of the block has one."""
        if self._there[row]:
            which, *words = (int(word) for word in self._words[row])
            name = tuple(changes.CHANGES)[which * len(changes.CHANGES) >> 16]
            yield name, changes.CHANGES[name](picture, tuple(words))


class _Part:
    """Some pictures in the making. Members of the tar file have no time and no owner."""

    def __init__(self) -> None:
        self._data: list[bytes] = []
        self._rows: list[_Row] = []

    def add(self, png: bytes, row: _Row) -> None:
        """Add a picture with its caption, and a row with the columns of `TRUTH`."""
        key, *_, caption = row
        for suffix, data in (("png", png), ("txt", caption.encode())):
            member = tarfile.TarInfo(f"{key}.{suffix}")
            member.size = len(data)
            padding = bytes(-len(data) % tarfile.BLOCKSIZE)
            self._data += [member.tobuf(tarfile.USTAR_FORMAT), data, padding]
        self._rows.append(row)

    def finished(self, *, last: bool) -> Avatars:
        """Return the part; the last one of a tar file ends with two empty blocks."""
        end = bytes(2 * tarfile.BLOCKSIZE if last else 0)
        columns = zip(*self._rows, strict=True)
        arrays = [pa.array(values, each.type) for values, each in zip(columns, TRUTH, strict=True)]
        return Avatars(b"".join((*self._data, end)), pa.record_batch(arrays, schema=TRUTH))
