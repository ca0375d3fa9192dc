"""Removal of old versions, with their builds."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from synthprof.base.errors import StageError
from synthprof.base.files import put_aside
from synthprof.base.locks import unread
from synthprof.spec.spec import Spec
from synthprof.store.beside import forget_beside
from synthprof.store.leaving import ask_to_leave, forget_others
from synthprof.store.manifest import MANIFEST, read_manifest
from synthprof.store.publishing import publish_lock
from synthprof.store.store import Store
from synthprof.store.verdicts import forget_verdict


@dataclass(frozen=True)
class Pruned:
    """The versions, by name, that were removed, and those that stay though they are old.

    read: being read now; their readers were asked to leave, so that the next time finds most of them free.
    failed: those that could not be removed, and why.
    """

    removed: tuple[str, ...]
    read: tuple[str, ...]
    failed: Mapping[str, str]


def prune(store: Store, keep: int) -> Pruned:
    """Remove all versions but the `keep` published last.

    keep: 0 keeps all. The current version counts as the last one, whatever became of its time. Versions being
    read stay. The build of a spec goes with its last version, unless work is going on there.
    """
    removed, read, failed = list[str](), list[str](), dict[str, str]()
    with publish_lock(store):
        found = store.versions() if keep else []
        if len(found) > keep:
            found.sort(key=lambda path: store.is_current(path.name))
        for path in found[: max(0, len(found) - keep)]:
            try:
                (removed if _remove(store, path) else read).append(path.name)
            except OSError as error:  # the new version is published all the same, and the others can go
                failed[path.name] = str(error)
        forget_others(store.folder / "versions", read)
    return Pruned(tuple(removed), tuple(read), failed)


def _remove(store: Store, folder: Path) -> bool:
    """Remove a version, with its build if no other version has its spec; return False if it is being read."""
    spec = _spec_of(folder)
    with unread(folder / MANIFEST) as free:
        if not free:
            ask_to_leave(folder)
            return False
        if spec and not any(_spec_of(other) == spec for other in store.versions() if other != folder):
            store.build(spec).remove()  # first: a build without its version would look unfinished
        aside = put_aside(folder, MANIFEST)
    forget_verdict(folder)
    forget_beside(folder)
    if aside:
        shutil.rmtree(aside)
    return True


def _spec_of(folder: Path) -> Spec | None:
    """Return the spec of a published version, None if its manifest cannot be read."""
    try:
        return Spec.model_validate(read_manifest(folder).spec)
    except (StageError, ValidationError):
        return None
