"""Things of other kinds than files and folders of ours, to be put where those belong."""

import os
import shutil
import socket
import stat
from pathlib import Path

KINDS = ("FIFO", "socket", "device", "folder", "link to itself", "link to nowhere")


def put(path: Path, kind: str) -> None:
    """At the path there is now a thing of that kind and nothing else."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    path.unlink(missing_ok=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    if kind == "FIFO":
        os.mkfifo(path)
    elif kind == "socket":
        _socket(path)
    elif kind == "device":  # /dev/zero never ends
        os.mknod(path, stat.S_IFCHR | 0o600, os.makedev(1, 5))
    elif kind == "folder":
        path.mkdir()
        (path / "somebody's").write_text("")
    elif kind == "file":
        path.write_text("somebody's")
    else:
        path.symlink_to(path.name if kind == "link to itself" else "nowhere")


def _socket(path: Path) -> None:
    """Bound by a short name, as the address of a socket has 108 bytes."""
    with socket.socket(socket.AF_UNIX) as bound:
        here = os.open(path.parent, os.O_RDONLY)
        bound.bind(f"/proc/self/fd/{here}/{path.name}")
        os.close(here)
