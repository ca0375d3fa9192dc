"""An explorer that stays open lets go of versions that are to be removed or replaced."""

import threading
import time
from pathlib import Path

import pytest
from explorers import alone, answer
from small import DATASET, PARAMS, publish_as

from synthprof.base.errors import Busy
from synthprof.explorer.worker.open_versions import OpenVersions
from synthprof.runner.run import run_all
from synthprof.spec.request import Request
from synthprof.store.pruning import prune
from synthprof.store.store import Store
from synthprof.versions.version import open_version

CURRENT = f"/api/datasets/{DATASET}/versions/current"


@pytest.fixture
def store(copied: Path) -> Store:
    return Store(copied, DATASET)


@pytest.fixture
def more(tmp_path: Path) -> Path:
    """A file that makes a version one of other content."""
    (tmp_path / "more").write_text("content")
    return tmp_path / "more"


def test_an_explorer_that_stays_open_keeps_no_more_versions_than_it_is_asked_about(
    store: Store, more: Path
) -> None:
    """Ten publications, each looked at and searched; all of them stayed before."""
    with alone(store.home) as client:
        for number in range(10):
            published = publish_as(store, store.current(), f"{number:012}")
            assert answer(client, CURRENT)["version"] == published.name
            assert answer(client, f"{CURRENT}/similar/1?k=2")["results"]
            prune(store, 3)
        deadline = time.monotonic() + 20
        while len(store.versions()) > 3:
            assert time.monotonic() < deadline
            time.sleep(0.1)
            prune(store, 3)
        assert [path.name for path in store.versions()] == [f"{number:012}" for number in (7, 8, 9)]
        assert answer(client, CURRENT)["version"] == published.name
        old = f"/api/datasets/{DATASET}/versions/{7:012}"
        assert answer(client, old)["rows"] == PARAMS["profiles"]  # not asked to leave: it stays open
        publish_as(store, published, published.name, more)  # in the place of the one that it has open
        assert "more" in {file["path"] for file in answer(client, CURRENT)["files"]}


def test_pruning_says_which_versions_are_read_and_removes_them_when_they_are_not(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    first = store.current().name
    opened = OpenVersions(store.home)
    held = opened.version(DATASET, first)
    publish_as(store, store.current(), f"{1:06}{1:06}")
    assert first in prune(store, 1).read
    assert opened.version(DATASET, first) is held  # it answers until it is closed
    opened.close_unused(idle_seconds=600)
    assert opened.version(DATASET, first) is not held  # and is opened for one question alone
    assert first in prune(store, 1).read  # `held` is a question that is not answered yet
    with caplog.at_level("WARNING"):
        run_all(Request.from_params(PARAMS | {"seed": 3, "keep_versions": 1}), store.home)
    assert (
        f"publish: kept the old versions {first}, which are being read; the next run removes" in caplog.text
    )
    assert {build.spec.seed for build in store.builds()} == {2, 3}  # the build stays with its version
    assert held.profile(PARAMS["profiles"])
    del held
    assert prune(store, 1).removed == (first,)
    assert {build.spec.seed for build in store.builds()} == {3}
    assert not list((store.folder / "versions").glob(".*"))  # no request is left


def test_a_version_that_is_read_is_replaced_as_soon_as_it_is_let_go_of(
    store: Store, more: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    more.write_text("and other content")
    folder = store.current()
    held = open_version(store.home, DATASET)
    monkeypatch.setattr("synthprof.store.publishing.LEAVE_SECONDS", 0.05)
    with pytest.raises(Busy, match="would get other content while it is being read; an explorer lets go"):
        publish_as(store, folder, folder.name, more)
    opened = OpenVersions(store.home)
    opened.version(DATASET, folder.name)  # somebody asks again: that keeps nobody waiting
    del held
    publish_as(store, folder, folder.name, more)
    assert (open_version(store.home, DATASET).folder / "more").read_text() == "and other content"
    assert not list((store.folder / "versions").glob(".*"))


def test_a_reader_waits_while_its_version_is_replaced(store: Store) -> None:
    from synthprof.base.locks import unread
    from synthprof.store.manifest import MANIFEST

    with unread(store.current() / MANIFEST) as free:
        assert free
        thread = threading.Thread(target=lambda: found.append(open_version(store.home, DATASET).name))
        found: list[str] = []
        thread.start()
        time.sleep(0.1)
    thread.join()
    assert found == [store.current().name]
