"""Things of other kinds in the places of files: told at once, whatever they are."""

import os
import pickle
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from oddities import KINDS, put

from synthprof.base import files, kinds, locks
from synthprof.base.kinds import WrongKind

READERS: dict[str, Callable[[Path], object]] = {
    "open_file": lambda path: kinds.open_file(path).close(),
    "read_text": kinds.read_text,
    "check_file": kinds.check_file,
    "append": lambda path: kinds.open_descriptor(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT),
    "lock": lambda path: locks.lock(path, "it").__enter__(),
    "reading": locks.reading,
}


@pytest.mark.timeout(20)
@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("kind", ["FIFO", "socket", "device", "folder"])
def test_what_is_no_file_is_told_without_waiting(tmp_path: Path, kind: str, reader: str) -> None:
    put(tmp_path / "it", kind)
    with pytest.raises(WrongKind, match=f"it is a {kind}, where a file belongs; remove or rename it") as told:
        READERS[reader](tmp_path / "it")
    assert str(pickle.loads(pickle.dumps(told.value))) == str(told.value)  # it comes from processes, too
    assert isinstance(told.value, OSError)


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_takes_the_place_of_anything_but_a_folder(tmp_path: Path, kind: str) -> None:
    put(tmp_path / "it", kind)
    if kind == "folder":
        with pytest.raises(WrongKind, match="it is a folder, where a file belongs"):
            files.write_text(tmp_path / "it", "new")
        with pytest.raises(WrongKind, match="it is a folder, where a file belongs"):
            files.point(tmp_path / "it", "new")
    else:
        files.write_text(tmp_path / "it", "new")
        assert kinds.read_text(tmp_path / "it") == "new"


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "folder"])
def test_a_folder_takes_the_place_of_nothing(tmp_path: Path, kind: str) -> None:
    put(tmp_path / "it", kind)
    with pytest.raises(WrongKind, match=r"it is a .*, where a folder belongs; .*set SYNTHPROF_HOME"):
        files.make_folder(tmp_path / "it" / "below")


def test_nobody_holds_what_is_no_lock_file(tmp_path: Path) -> None:
    put(tmp_path / "it", "FIFO")
    assert not locks.is_held(tmp_path / "it")


def test_a_socket_that_somebody_listens_on_is_not_connected_to(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "it"))
        with pytest.raises(WrongKind):
            kinds.open_file(tmp_path / "it")
