"""The sources that may be read: all readable files, or only those below the folders of a setting."""

import os
from pathlib import Path

from synthprof.base.errors import SpecError

SOURCES = "SYNTHPROF_SOURCES"
"""The variable with the folders, separated by colons; empty permits all."""


def check_permitted(path: Path) -> None:
    """Raise SpecError for a path that, with links resolved, is not below a permitted folder.

    The message does not reveal whether the path exists, as nothing looks.
    """
    setting = os.environ.get(SOURCES, "")
    folders = [Path(each).resolve() for each in setting.split(os.pathsep) if each]
    if folders and not any(map(path.resolve().is_relative_to, folders)):
        raise SpecError(
            f"source={path} is not below {SOURCES}={setting}; name a path below one of its folders"
        )
