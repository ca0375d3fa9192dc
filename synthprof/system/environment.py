"""The environment: variables that several modules know by name, and what a process of ours is given of it."""

import os
from pathlib import Path

from synthprof.base.errors import SpecError

PARENT_PID = "SYNTHPROF_PARENT_PID"
"""Tells a process of ours who started it, and with whom it ends."""

RUN_ID = "SYNTHPROF_RUN_ID"
"""Tells a stage the id of the run it works for: `force` makes all anew once in a run, not at each clear."""

HOME = "SYNTHPROF_HOME"
"""The data root."""

STORAGE = "SYNTHPROF_STORAGE"
"""What workers share: empty for the data root, or `s3://connection@bucket/prefix`."""

SERVICE_URL, SERVICE_KEY = "SYNTHPROF_EMBEDDINGS_URL", "SYNTHPROF_EMBEDDINGS_KEY"
"""Address and key of the embedding service; an Airflow task takes them from its Connection."""

TOKEN = "SYNTHPROF_TOKEN"  # the name of the variable, not a secret


def child_environment() -> dict[str, str]:
    """Ours without what is Airflow's and without secrets of servers, for a process that ends with us.

    Airflow's variables hold its keys, the password of its database and Connections; a stage loads models of
    others. Proxies, credentials of clouds and our own settings stay. pydantic would look through every
    installed package for plugins of its own: 30 ms of each start.
    """
    kept = {name: value for name, value in os.environ.items() if not _is_foreign(name)}
    return kept | {PARENT_PID: str(os.getpid()), "PYDANTIC_DISABLE_PLUGINS": "__all__"}


def _is_foreign(name: str) -> bool:
    return name == TOKEN or name.lstrip("_").startswith("AIRFLOW")


NAME_BYTES_MAX = 255  # of Linux's file systems


HOME_BYTES_MAX = 300
"""SQLite opens paths of up to 512 bytes, and a file that is being built lies some 160 deeper."""


def home_folder(chosen: str | os.PathLike[str] | None = None) -> Path:
    """Return the data root: the one chosen, else SYNTHPROF_HOME, else `data` in the project's folder.

    Where the package is installed, that is `data` in the current folder. A `~` that no shell has replaced, as
    in a Compose file, is the user's home folder here too.
    Raises SpecError if its path is not UTF-8, which those who write files need, or too long for SQLite.
    """
    project = Path(__file__).parents[2]
    folder = project if (project / "pyproject.toml").is_file() else Path()
    given = Path(chosen or os.environ.get(HOME) or folder / "data")
    try:
        home = given.expanduser().absolute()
    except RuntimeError as error:  # ~somebody who is not known here
        raise SpecError(f"no home folder is known for {given}; set SYNTHPROF_HOME to a whole path") from error
    if any("\ud800" <= character <= "\udfff" for character in str(home)):
        raise SpecError(f"the data root {str(home)!a} is not UTF-8; set SYNTHPROF_HOME to a path that is")
    if (longest := max(len(name.encode()) for name in home.parts)) > NAME_BYTES_MAX:
        raise SpecError(
            f"a name in the data root's path has {longest} bytes, at most {NAME_BYTES_MAX} are possible; "
            f"set SYNTHPROF_HOME to another than {home}"
        )
    if (length := len(str(home).encode())) > HOME_BYTES_MAX:
        raise SpecError(
            f"the path of the data root has {length} bytes, at most {HOME_BYTES_MAX} are possible; "
            f"set SYNTHPROF_HOME to a shorter one than {home}"
        )
    return home
