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


def check_all_permitted(folder: Path, parameter: str) -> None:
    """Raise SpecError unless the folder, and where every link in it leads, is below a permitted folder."""
    check_permitted(folder, parameter)
    if os.environ.get(SOURCES):
        for path in folder.rglob("*"):
            if path.is_symlink():
                check_permitted(path, parameter)
