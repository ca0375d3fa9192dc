"""Block files that are let go of once a database has their rows, and made again for who reads them.

Whoever reads a file proves it by its seal, so the database was made of what was sealed. Before a file goes,
the database and the mark of the release are durable. Nothing is let go of where a bucket has the build: there
the home of a worker is a cache.
"""

import logging
import os
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from synthprof.base.errors import Busy
from synthprof.base.files import FileRecord
from synthprof.base.locks import lock
from synthprof.pipeline import RELEASES, Release, Stage, maker_of, stage
from synthprof.spec.contents import kind_of, number_of
from synthprof.spec.shards import Shard
from synthprof.stages.context import Context
from synthprof.store.blocks import record_in_seal
from synthprof.store.build import Build
from synthprof.store.receipts import receipts_in
from synthprof.store.released import let_go, mark_released
from synthprof.system.environment import STORAGE

logger = logging.getLogger(__name__)


def release_ended(context: Context) -> None:
    """Let go of the block files whose readers have all ended."""
    for each in RELEASES:
        if each.applies(context.spec) and (blocks := _done_with(context, each)):
            _release(context, each, blocks, lambda: None)


def release_into(context: Context, database: Path, seal: Callable[[], None]) -> None:
    """Let go of the block files whose rows a finished database has, while its stage goes on with others.

    seal: writes the seal of the database, by which it is kept if the stage is cut short.
    """
    for each in RELEASES:
        if each.into == database.name and each.applies(context.spec):
            _release(context, each, range(context.spec.blocks), seal)


def lacks_blocks(which: Stage, build: Build, blocks: Iterable[int]) -> bool:
    """Return whether block files that the stage reads were let go of."""
    return any(_lacking(which, each, build, blocks) for each in RELEASES)


def restore(which: Stage, context: Context) -> None:
    """Make the block files again that the stage reads and that were let go of, with what they are made of."""
    for each in RELEASES:
        if blocks := _lacking(which, each, context.build, context.shard_blocks):
            maker = stage(maker_of(each.kind).name)
            part = replace(context, name=maker.name, shard=Shard(min(blocks), max(blocks) + 1))
            restore(maker, part)
            logger.info("%s: makes %s of %d blocks again", which.name, each.kind, len(blocks))
            maker.run(part)


def _lacking(which: Stage, release: Release, build: Build, blocks: Iterable[int]) -> set[int]:
    """Return the blocks whose files of a kind the stage reads and that were let go of."""
    if which.name not in release.readers or not release.applies(build.spec):
        return set()
    folder = build.stage_folder(maker_of(release.kind).name)
    return {number_of(file.path) for file in let_go(folder, _files(folder, release))} & set(blocks)


def _done_with(context: Context, release: Release) -> set[int]:
    """Return the blocks that a sealed database has and that all their readers have read."""
    found = set(range(context.spec.blocks))
    for name in {maker_of(release.into).name, *release.readers}:
        done = receipts_in(context.folder(name))
        found &= {block for each in done for block in range(*(each.shard or (0, context.spec.blocks)))}
    return found


def _release(context: Context, release: Release, blocks: Collection[int], seal: Callable[[], None]) -> None:
    """Let go of files that are there; another process that is at the same files does it in our place."""
    folder = context.folder(maker_of(release.kind).name)
    if os.environ.get(STORAGE) or not any(_there(folder, release, blocks)):
        return
    with suppress(Busy), lock(context.build.folder / "locks" / f"release-{release.kind}", release.kind):
        files = list(_there(folder, release, blocks))
        seal()
        mark_released(folder, release.kind, release.kept)
        for file in files:
            (folder / file.path).unlink(missing_ok=True)
        logger.debug("released %d files of %s", len(files), release.kind)


def _there(folder: Path, release: Release, blocks: Collection[int]) -> Iterator[FileRecord]:
    """Yield the records of the files of blocks that are there and may be let go of."""
    for file in _files(folder, release):
        number, path = number_of(file.path), folder / file.path
        if number < release.kept or number not in blocks or not path.exists():
            continue
        if record_in_seal(path, number) == file:  # by which whoever read the file has proven it
            yield file


def _files(folder: Path, release: Release) -> Iterator[FileRecord]:
    """Yield the records of a kind of block file, each once."""
    found = {file.path: file for receipt in receipts_in(folder) for file in receipt.files}
    return (file for file in found.values() if kind_of(file.path) == release.kind)
