"""The files that a parameter may name: all readable ones, or only those below the folders of a setting."""

import os
from pathlib import Path

from synthprof.base.errors import SpecError

SOURCES = "SYNTHPROF_SOURCES"
"""The variable with the folders, separated by colons; empty permits all."""


def check_permitted(path: Path, parameter: str = "source") -> None:
    """Raise SpecError for a path that, with links resolved, is not below a permitted folder.

    parameter: the one that named it. The message does not reveal whether the path exists, as nothing looks.
    """
    setting = os.environ.get(SOURCES, "")
    folders = [Path(each).resolve() for each in setting.split(os.pathsep) if each]
    if folders and not any(map(path.resolve().is_relative_to, folders)):
        raise SpecError(
            f"{parameter}={path} is not below {SOURCES}={setting}; name a path below one of its folders"
        )


def check_asked_for(path: str, parameter: str) -> None:
    """Raise SpecError for a path that someone elsewhere has asked for, unless a folder of the setting has it.

    Where the setting is empty none is permitted: who asks has no account on this machine. Nothing is read
    but links. A path that is not absolute is refused, since the folder that it would begin in is unknown.
    """
    if not os.environ.get(SOURCES):
        raise SpecError(
            f"{parameter} cannot be named from here: {SOURCES} names no folder that may be read; set it "
            "where this server and the tasks run"
        )
    if not Path(path).is_absolute():
        raise SpecError(f"{parameter}={path} does not begin with /; name a folder by its whole path")
    check_permitted(Path(path), parameter)


def check_all_permitted(folder: Path, parameter: str) -> None:
    """Raise SpecError unless the folder, and where every link in it leads, is below a permitted folder."""
    check_permitted(folder, parameter)
    if os.environ.get(SOURCES):
        for path in folder.rglob("*"):
            if path.is_symlink():
                check_permitted(path, parameter)
