"""Removal of old versions, with their builds."""

import shutil
from pathlib import Path

from pydantic import ValidationError

from synthprof.base.errors import StageError
from synthprof.base.files import temporary_path
from synthprof.base.locks import unread
from synthprof.spec.spec import Spec
from synthprof.store.manifest import read_manifest
from synthprof.store.publishing import publish_lock
from synthprof.store.store import Store


def prune(store: Store, keep: int) -> list[str]:
    """Remove all versions but the `keep` published last; return the names of those removed.

    keep: 0 keeps all. The current version and those being read stay. The build of a spec goes with its last
    version, unless work is going on there.
    """
    with publish_lock(store):
        found = store.versions()
        old = [path for path in found[: max(0, len(found) - keep)] if not store.is_current(path.name)]
        removed = [path for path in old if keep and _remove(store, path)]
    return [path.name for path in removed]


def _remove(store: Store, folder: Path) -> bool:
    """Remove a version, with its build if no other version has its spec; return False if it is being read."""
    spec = _spec_of(folder)
    with unread(folder) as free:
        if not free:
            return False
        if spec and not any(_spec_of(other) == spec for other in store.versions() if other != folder):
            store.build(spec).remove()  # first: a build without its version would look unfinished
        temporary = temporary_path(folder)
        folder.rename(temporary)
    shutil.rmtree(temporary)
    return True


def _spec_of(folder: Path) -> Spec | None:
    """Return the spec of a published version, None if its manifest cannot be read."""
    try:
        return Spec.model_validate(read_manifest(folder).spec)
    except (StageError, ValidationError):
        return None
