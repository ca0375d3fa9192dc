"""Versions in the bucket, pulled by readers on other machines."""

from datetime import UTC, datetime, timedelta

import pytest
from buckets import publish

from synthprof.base.errors import SpecError, StageError
from synthprof.orchestration.bucket.publication import Publication
from synthprof.orchestration.bucket.pull import main as fetch_version
from synthprof.orchestration.bucket.pull import pull
from synthprof.orchestration.provider.triggers import new_version
from synthprof.store.manifest import Manifest
from synthprof.store.store import Store


def test_a_reader_pulls_the_current_version_whole(published):
    store = Store(published.folder / "reader", "cl")
    assert pull(published.bucket, store) == pull(published.bucket, store) == store.current()
    assert (store.current() / "perfis.db").read_text() == "profiles"


def test_a_sensor_sees_what_is_published_in_the_bucket(published):
    before, after = datetime(2020, 1, 1, tzinfo=UTC), datetime.now(UTC) + timedelta(minutes=1)
    with published.worker("sensing"):
        assert new_version("cl", before) == "a" * 12
        assert new_version("cl", after) is None
        assert new_version("other", before) is None


def test_a_name_in_the_bucket_does_not_command_the_terminal(cluster, capsys):
    publish(cluster, {"a\x1b[2J": "x"})
    cluster.bucket.remove(f"cl/versions/{'a' * 12}/a\x1b[2J")
    with cluster.worker("reader"):
        assert fetch_version(["cl"]) == 1
    assert "/a\ufffd[2J is missing or damaged" in capsys.readouterr().err


def test_a_version_damaged_in_the_bucket_is_not_pulled(published):
    published.bucket.put_text(f"cl/versions/{'a' * 12}/perfis.db", "profilex")
    store = Store(published.folder / "reader", "cl")
    with pytest.raises(StageError, match=r"perfis\.db is missing or damaged"):
        pull(published.bucket, store)
    with pytest.raises(SpecError, match="no data set 'cl' is published"):
        store.current()


def test_a_version_damaged_in_the_bucket_can_be_pulled_once_its_remedy_is_followed(published):
    home, key = Store(published.folder / "publisher", "cl"), f"cl/versions/{'a' * 12}/perfis.db"
    pull(published.bucket, home)
    published.bucket.put_text(key, "profilex")
    reader = Store(published.folder / "reader", "cl")
    with pytest.raises(StageError, match="remove it there if it is, then clear the task publish"):
        pull(published.bucket, reader)
    published.bucket.remove(key)
    Publication(published.bucket, home, "a" * 12, "cl/files").store(keep=0)  # as the task publish does
    assert (pull(published.bucket, reader) / "perfis.db").read_text() == "profiles"


@pytest.mark.parametrize(
    "name", ["../../../../escaped", "/dev/null/escaped", "a//b", "a/./b", "a\\b", "a\0b"]
)
def test_a_version_whose_files_lie_elsewhere_is_not_pulled(cluster, name):
    publish(cluster, {name: "x"})
    with pytest.raises(SpecError, match=r"has no sound MANIFEST\.json; publish that version again"):
        pull(cluster.bucket, Store(cluster.folder / "reader", "cl"))
    assert not list(cluster.folder.rglob("escaped"))


def test_what_is_not_published_cannot_be_pulled(published):
    with pytest.raises(SpecError, match="no data set 'other' is published"):
        pull(published.bucket, Store(published.folder / "reader", "other"))
    with pytest.raises(SpecError, match=r"has no sound MANIFEST\.json"):
        pull(published.bucket, Store(published.folder / "reader", "cl"), "b" * 12)


def test_an_old_version_whose_spec_is_of_another_release_goes_too(published):
    text = published.bucket.text(f"cl/versions/{'a' * 12}/MANIFEST.json")
    changes = {"version": "b" * 12, "spec": {"of_another_release": 1}}
    older = Manifest.model_validate_json(text).model_copy(update=changes).sealed()
    published.bucket.put_text(f"cl/versions/{'b' * 12}/MANIFEST.json", older.text())
    Publication(published.bucket, Store(published.folder, "cl"), "a" * 12, "")._prune(1)
    assert published.bucket.folders("cl/versions") == {"a" * 12}
