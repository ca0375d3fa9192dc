"""Backup and restore as docs/how-to/upgrade-and-back-up.md says it, word for word."""

import logging
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from doc_examples import ROOT, examples
from small import DATASET, run

from synthprof.store.manifest import MANIFEST
from synthprof.store.pruning import prune
from synthprof.store.store import Store
from synthprof.versions.inventory import versions
from synthprof.versions.verify import verify
from synthprof.versions.version import open_version

PAGE = (ROOT / "docs" / "how-to" / "upgrade-and-back-up.md").read_text(encoding="utf-8")

COMMANDS = {
    title.removeprefix("# "): text
    for title, _, text in (example.text.partition("\n") for example in examples(PAGE, "sh"))
    if title.startswith(("# back up with", "# restore with"))
}
"""The commands of the page by their first line."""

WAYS = ["rsync", "tar", "cp", "cp -L", pytest.param("an object store", marks=pytest.mark.faults_full)]


@contextmanager
def _object_store() -> Iterator[dict[str, str]]:
    """The variables that lead to a service of S3 with an empty bucket."""
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    keys = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_DEFAULT_REGION": "us-east-1"}
    try:
        import s3fs

        address = "http://{}:{}".format(*server.get_host_and_port())
        s3fs.S3FileSystem(key="key", secret="secret", endpoint_url=address).mkdir("backups")
        yield keys | {"AWS_ENDPOINT_URL": address}
    finally:
        server.stop()


@contextmanager
def _place(way: str, folder: Path) -> Iterator[dict[str, str]]:
    """The variables of the commands: where a backup goes."""
    if way == "an object store":
        with _object_store() as variables:
            yield variables | {"BACKUP": "backups/of-today"}
    else:
        (folder / "backup").mkdir()
        yield {"BACKUP": str(folder / "backup")}


def _do(what: str, home: Path, variables: dict[str, str]) -> None:
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    settings = os.environ | variables | {"SYNTHPROF_HOME": str(home), "PATH": path}
    subprocess.run(["sh", "-euc", COMMANDS[what]], env=settings, check=True)


def _publish_in_one_second(store: Store) -> None:
    """The order of versions is that of parts of a second, and the reverse of that of their names."""
    for number, folder in enumerate(sorted(store.versions(), reverse=True)):
        moment = 1_700_000_000_000_000_000 + number * 100_000_000
        os.utime(folder / MANIFEST, ns=(moment, moment))


def test_the_page_has_both_commands_of_each_way() -> None:
    ways = {getattr(way, "values", (way,))[0] for way in WAYS}
    assert set(COMMANDS) == {f"{what} with {way}" for what in ("back up", "restore") for way in ways}


@pytest.mark.timeout(120)
@pytest.mark.parametrize("way", WAYS)
def test_what_is_backed_up_and_restored_is_sound_searched_made_and_pruned(
    copied: Path, tmp_path: Path, way: str
) -> None:
    if way == "rsync" and not shutil.which("rsync"):
        pytest.skip("rsync is not installed")
    before = Store(copied, DATASET)
    _publish_in_one_second(before)
    facts, current = versions(copied), before.current().name
    with _place(way, tmp_path) as variables:
        _do(f"back up with {way}", copied, variables)
        shutil.rmtree(copied)
        _do(f"restore with {way}", copied, variables)
    store = Store(copied, DATASET)
    restored = versions(copied)
    if way == "an object store":  # which keeps the second of publication only
        for found, _ in (facts, restored):
            found.sort(key=lambda each: each[0].version)
    assert restored == facts
    names = [manifest.version for manifest, _ in facts[0]]
    assert all(verify(open_version(copied, DATASET, name), 0, lambda *_: None).sound for name in names)
    assert len(open_version(copied, DATASET).similar(1, k=3)) == 3
    assert run(copied) == current
    assert store.stands(current)
    assert prune(store, 1).removed == tuple(name for name in names if name != current)
