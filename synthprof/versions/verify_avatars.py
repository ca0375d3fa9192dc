"""Comparison of the pictures of a block with those drawn again."""

from collections.abc import Callable, Iterator

import pyarrow as pa

from synthprof.base.kinds import open_file
from synthprof.profiles.avatars.block import avatars_of
from synthprof.spec.contents import AVATAR_TRUTH_FILE, AVATARS_FOLDER, block_name
from synthprof.versions.published import Published


def avatar_checks(
    version: Published, intact: set[str], block: int, profiles: pa.RecordBatch
) -> dict[str, Callable[[], Iterator[str]]]:
    """Return what compares the pictures of a block, by the name of their file; empty without pictures."""
    if not version.spec.avatars:
        return {}
    shard = f"{AVATARS_FOLDER}/{block_name(AVATARS_FOLDER, block, 'tar')}"
    return {shard: lambda: _faults(version, intact, shard, block, profiles)}


def _faults(
    version: Published, intact: set[str], shard: str, block: int, profiles: pa.RecordBatch
) -> Iterator[str]:
    truth: list[pa.RecordBatch] = []
    with open_file(version.folder / shard) as file:
        for part in avatars_of(version.schema, version.spec, block, profiles):
            truth.append(part.truth)
            if file.read(len(part.shard)) != part.shard:
                yield "pictures differ from the spec"
                return
        if file.read(1):
            yield "there are more pictures than profiles and copies"
    if AVATAR_TRUTH_FILE in intact:
        with pa.OSFile(str(version.folder / AVATAR_TRUTH_FILE)) as known, pa.ipc.open_file(known) as reader:
            told = pa.Table.from_batches([reader.get_batch(block)])
            if not pa.Table.from_batches(truth).equals(told):
                yield f"{AVATAR_TRUTH_FILE} tells of other pictures"
