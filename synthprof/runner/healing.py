"""Damage found in a build at work: removed with what was made from it, and made again."""

import logging
import os
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from synthprof.base.errors import Busy, Damaged, SpecError, StageError
from synthprof.base.files import FileRecord, matches
from synthprof.pipeline import RELEASES, Input, Stage, maker_of
from synthprof.spec.contents import BLOCK_FILE, kind_of
from synthprof.spec.shards import Shard
from synthprof.stages.context import Context
from synthprof.store.build import Build
from synthprof.store.receipts import proven_receipt, receipt_paths, receipts_in
from synthprof.store.released import let_go
from synthprof.system.environment import STORAGE

ATTEMPTS = 3
"""Times that a run does its work, if it finds damage again and again."""

REMEDY = "removed, with what was made from it: run it again, and what is needed is made anew"

logger = logging.getLogger(__name__)

Result = TypeVar("Result")


def healed(build: Build, work: Callable[[bool], Result]) -> Result:
    """Do the work, which holds the whole build, and do it again after damage was found and removed.

    work: is told whether this is the first time. Raises StageError if there is damage every time.
    """
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return work(attempt == 1)
        except Damaged as damage:
            build.discard(damage.paths)
            if attempt == ATTEMPTS:
                raise StageError(f"{damage}; {REMEDY}") from damage
            logger.warning("%s; removed, with what was made from it, and made again", damage)
            build.attempt.note_failure(None)
    raise AssertionError


@contextmanager
def removing_damage(build: Build) -> Iterator[None]:
    """Remove the damage that is found inside and what was made from it; raise StageError with the remedy.

    What was done before is noted, so that the next attempt at any stage does it again first; not where a
    bucket has it. Raises Busy while others work on the build, who may have read what is damaged.
    """
    try:
        yield
    except Damaged as damage:
        with build.lock("discard", whole=True):
            if not os.environ.get(STORAGE):
                build.note_lost()
            build.discard(damage.paths)
        raise StageError(f"{damage}; {REMEDY}") from damage


@contextmanager
def on_sound_files(which: Stage, context: Context) -> Iterator[None]:
    """Raise Damaged in place of a failure, if files that the stage reads differ from their receipts.

    The failure may be any: of SQLite, of Arrow, of a number that is not finite, of a killed process. Not one
    that the caller must remedy, which is no reason to read all the files.
    """
    try:
        yield
    except (SpecError, Busy, Damaged):
        raise
    except Exception as error:
        if changed := _changed_inputs(which, context):
            raise Damaged(*changed) from error
        raise


def _changed_inputs(which: Stage, context: Context) -> list[Path]:
    """Return what the stage reads: receipts that prove nothing, and files that differ from theirs."""
    named: dict[Path, FileRecord] = {}
    changed: list[Path] = []
    for each in which.inputs(context.spec):
        for path in receipt_paths(context.folder(each.stage)):
            if receipt := proven_receipt(path):
                files = [file for file in receipt.files if _is_read(file.path, each, context.shard)]
                gone = let_go(path.parent, files)
                named |= {path.with_name(file.path): file for file in files if file not in gone}
                named |= _read_instead(context, {kind_of(file.path) for file in gone})
            else:
                changed.append(path)
    with ThreadPoolExecutor(context.budget.workers) as threads:
        sound = threads.map(lambda path: matches(path.parent, named[path]), named)
        return changed + [path for path, same in zip(named, sound, strict=True) if not same]


def _read_instead(context: Context, kinds: Collection[str]) -> dict[Path, FileRecord]:
    """Return the databases that are read in place of block files that were let go of."""
    found: dict[Path, FileRecord] = {}
    for each in (each for each in RELEASES if each.kind in kinds):
        folder = context.folder(maker_of(each.into).name)
        for receipt in receipts_in(folder):
            found |= {folder / file.path: file for file in receipt.files if file.path == each.into}
    return found


def _is_read(name: str, part: Input, shard: Shard | None) -> bool:
    block = BLOCK_FILE.fullmatch(name)
    return part.has(name) and (block is None or shard is None or int(block[2]) in shard.blocks)
