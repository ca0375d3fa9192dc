"""The trigger that waits for a new version of a data set, and the question that it and the sensor ask."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

from airflow.triggers.base import BaseTrigger, TriggerEvent

from synthprof.base.errors import SpecError
from synthprof.orchestration.bucket import storage
from synthprof.store.manifest import MANIFEST
from synthprof.store.store import Store
from synthprof.system.environment import home_folder


def new_version(dataset: str, since: datetime) -> str | None:
    """Return the data set's current version if it was published after `since`, else None.

    Looks where versions are published: in the data root, or in the bucket of SYNTHPROF_STORAGE. Raises
    SpecError for a name that no data set can have, StageError where the bucket cannot be used.
    """
    found = _in_bucket(dataset) if storage.setting() else _in_home(dataset)
    return found[0] if found is not None and found[1] > since else None


def _in_home(dataset: str) -> tuple[str, datetime] | None:
    store = Store(home_folder(), dataset)
    try:
        folder = store.current()
        published = (folder / MANIFEST).stat().st_mtime
    except (SpecError, FileNotFoundError):  # nothing published yet, or being replaced just now
        return None
    return folder.name, datetime.fromtimestamp(published, UTC)


def _in_bucket(dataset: str) -> tuple[str, datetime] | None:
    from synthprof.orchestration.bucket.bucket import Bucket
    from synthprof.orchestration.bucket.publication import current_version

    return current_version(Bucket(storage.setting()), Store(home_folder(), dataset).dataset)


class NewVersionTrigger(BaseTrigger):
    """Fire once, with the version's name, when a version of the data set was published after `since`.

    since: ISO 8601 with an offset. poke_interval: seconds between two looks.
    """

    def __init__(self, dataset: str, since: str, poke_interval: float = 60.0) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.dataset = dataset
        self.since = since
        self.poke_interval = poke_interval

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return class path and arguments, from which the triggerer makes this trigger again."""
        arguments = {"dataset": self.dataset, "since": self.since, "poke_interval": self.poke_interval}
        return f"{__name__}.NewVersionTrigger", arguments

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Look until there is a new version; yield its name."""
        since = datetime.fromisoformat(self.since)
        while (version := await asyncio.to_thread(new_version, self.dataset, since)) is None:
            await asyncio.sleep(self.poke_interval)
        yield TriggerEvent(version)  # type: ignore[no-untyped-call]
