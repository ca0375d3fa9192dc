"""Removal of versions of which a copy has lost the order of publication."""

import os
from pathlib import Path

import pytest
from small import DATASET, publish_as

from synthprof.store.manifest import MANIFEST
from synthprof.store.pruning import prune
from synthprof.store.store import Store


@pytest.mark.parametrize("current", ["000000000000", "ffffffffffff"])
def test_versions_of_one_time_are_in_order_by_name_and_the_current_one_stays_alone(
    copied: Path, current: str
) -> None:
    store = Store(copied, DATASET)
    publish_as(store, store.current(), current)
    names = sorted(path.name for path in store.versions())
    for name in names:
        os.utime(store.published(name) / MANIFEST, (1_700_000_000, 1_700_000_000))
    assert [path.name for path in store.versions()] == names
    assert prune(store, 1).removed == tuple(name for name in names if name != current)
    assert [path.name for path in store.versions()] == [current]
