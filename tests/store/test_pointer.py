"""CURRENT as copies, archives, other disks and accidents leave it: understood, or told with a remedy."""

import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from oddities import put
from small import DATASET, run

from synthprof.base.errors import SpecError, StageError, SynthprofError
from synthprof.store.manifest import MANIFEST
from synthprof.store.pointer import CURRENT, make_current
from synthprof.store.store import Store
from synthprof.versions.inventory import versions
from synthprof.versions.version import open_folder, open_version

pytestmark = pytest.mark.timeout(60)


@pytest.fixture
def store(copied: Path) -> Store:
    return Store(copied, DATASET)


def _text(link: Path, target: Path) -> None:
    link.write_text(f"versions/{target.name}\n")


UNDERSTOOD: dict[str, Callable[[Path, Path], object]] = {
    "an absolute link": lambda link, target: link.symlink_to(target),
    "a link with dots": lambda link, target: link.symlink_to(f"./versions/../versions/{target.name}/"),
    "a file with its text, as from a bucket": _text,
    "a folder with the version's files, as cp -L leaves it": lambda link, target: shutil.copytree(
        target, link
    ),
}


@pytest.mark.parametrize("form", UNDERSTOOD)
def test_what_names_a_version_without_doubt_is_read_and_made_a_link_by_the_next_run(
    store: Store, form: str
) -> None:
    link, name = store.folder / CURRENT, store.current().name
    link.unlink()
    UNDERSTOOD[form](link, store.folder / "versions" / name)
    assert open_version(store.home, DATASET).name == name
    assert open_folder(store.folder).name == name
    found, problems = versions(store.home)
    assert ([manifest.version for manifest, current in found if current], problems) == ([name], [])
    if "link" in form:
        make_current(store.folder, name)
    else:
        assert run(store.home) == name
    assert link.is_symlink() and str(link.readlink()) == f"versions/{name}"
    assert sorted(path.name for path in store.folder.iterdir()) == [
        CURRENT,
        "build",
        "publish.lock",
        "versions",
    ]


def test_a_copy_that_is_the_only_one_of_its_version_is_put_in_its_place(store: Store) -> None:
    link, folder = store.folder / CURRENT, store.current()
    link.unlink()
    folder.rename(link)
    _follow_remedy(store, "the only copy of version")
    assert open_version(store.home, DATASET).name == folder.name
    link.unlink()
    folder.rename(link)
    make_current(store.folder, folder.name)  # or by the next run, which publishes it
    assert open_version(store.home, DATASET).name == folder.name
    assert store.stands(folder.name)


def _damaged_copy(link: Path, target: Path) -> None:
    shutil.copytree(target, link)
    (link / "perfis.db").write_bytes(b"other rows")


def _copy_with_more(link: Path, target: Path) -> None:
    shutil.copytree(target, link)
    (link / "notes.txt").write_text("somebody's")


def _other_text(link: Path, _: Path) -> None:
    link.write_text("somebody's")


def _put(kind: str) -> Callable[[Path, Path], None]:
    return lambda link, _: put(link, kind)


UNCLEAR: dict[str, Callable[[Path, Path], object]] = {
    **{f"a {kind}": _put(kind) for kind in ("FIFO", "socket", "device", "folder", "link to itself")},
    "a link out of the data set": lambda link, target: link.symlink_to(target.parents[2]),
    "a link that rsync has munged": lambda link, target: link.symlink_to(f"/rsyncd-munged/{target.name}"),
    "a file of another text": _other_text,
    "nothing": lambda link, _: None,
}


@pytest.mark.parametrize("form", UNCLEAR)
def test_what_names_no_version_is_told_with_a_remedy_that_works(store: Store, form: str) -> None:
    link, folder = store.folder / CURRENT, store.current()
    link.unlink()
    UNCLEAR[form](link, folder)
    _, problems = versions(store.home)
    assert len(problems) == 1 and str(link) in problems[0]
    _follow_remedy(store, f"^{re.escape(str(link))} (is|points)")
    assert open_version(store.home, DATASET).name == folder.name


def _follow_remedy(store: Store, words: str) -> None:
    """Do what the message says, as a person would."""
    with pytest.raises(SynthprofError, match=words) as told:
        open_version(store.home, DATASET)
    message = str(told.value)
    if "move it away" in message:
        (store.folder / CURRENT).rename(store.home / "moved-away")
    command = re.search(r": ((?:mkdir|ln) .*)$", message)
    assert command, message
    subprocess.run(["sh", "-c", command[1]], check=True)


LOST = {
    "a folder": "no whole copy",
    "a file of another text": "is a file",
    "damaged": "no whole copy",
    "more": "no whole copy",
}


@pytest.mark.parametrize("form", [*UNCLEAR, "damaged", "more"])
def test_publishing_replaces_what_holds_nothing_and_keeps_what_somebody_may_want(
    store: Store, form: str
) -> None:
    link, folder = store.folder / CURRENT, store.current()
    link.unlink()
    (UNCLEAR | {"damaged": _damaged_copy, "more": _copy_with_more})[form](link, folder)
    if form in LOST:
        with pytest.raises(SpecError, match=f"{LOST[form]}.*; move it away, then run it again"):
            make_current(store.folder, folder.name)
        link.rename(store.home / "moved-away")
    make_current(store.folder, folder.name)
    assert store.stands(folder.name)


def test_a_link_to_a_version_that_is_gone_is_mended_by_the_run_that_makes_it(store: Store) -> None:
    shutil.rmtree(store.current())
    with pytest.raises(StageError, match="is missing; make it again with `synthprof run`"):
        open_version(store.home, DATASET)
    assert run(store.home) == open_version(store.home, DATASET).name


def test_a_version_in_a_folder_of_another_name_is_told_to_be_renamed(store: Store) -> None:
    copy = store.home / "copy"
    shutil.copytree(store.current(), copy)
    with pytest.raises(StageError, match=f"{MANIFEST} is that of version .*; give the folder that name"):
        open_folder(copy)
    copy.rename(store.home / store.current().name)
    assert open_folder(store.home / store.current().name).rows == 60
