"""Which sources may be read: whatever we can read, or what lies below the folders that a setting names."""

import os
from pathlib import Path

from synthprof.base.errors import SpecError

SOURCES = "SYNTHPROF_SOURCES"
"""The setting: folders, with colons between them; empty: any may be read."""


def check_permitted(path: Path) -> None:
    """The path, wherever links lead, lies below a folder that may be read. Raises SpecError if not.

    Whether anything is there is not looked at, and so not told.
    """
    setting = os.environ.get(SOURCES, "")
    folders = [Path(each).resolve() for each in setting.split(os.pathsep) if each]
    if folders and not any(map(path.resolve().is_relative_to, folders)):
        raise SpecError(f"source={path} is not below {SOURCES}={setting}; name what lies there")
