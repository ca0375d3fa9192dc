"""Environment variables by name, the data root, and the environment of child processes."""

import os
from pathlib import Path

from synthprof.base.errors import SpecError
from synthprof.base.kinds import kind_of

PARENT_PID = "SYNTHPROF_PARENT_PID"
"""Process id of the parent that started a child process, and with which the child ends."""

RUN_ID = "SYNTHPROF_RUN_ID"
"""Id of the run that a stage works for: `force` works once in a run, not at each clearing of a task."""

HOME = "SYNTHPROF_HOME"
"""The data root."""

SCHEMAS = "SYNTHPROF_SCHEMAS"
"""The folder of the user's schemas."""

STORAGE = "SYNTHPROF_STORAGE"
"""Storage that workers share: empty for the data root, or `s3://connection@bucket/prefix`."""

SERVICE_URL, SERVICE_KEY = "SYNTHPROF_EMBEDDINGS_URL", "SYNTHPROF_EMBEDDINGS_KEY"
"""Address and key of the embedding service; an Airflow task sets them from its Connection."""

TOKEN = "SYNTHPROF_TOKEN"  # the name of the variable, not a secret

THIS_MACHINE = dict.fromkeys(("all://127.0.0.1", "all://localhost", "all://[::1]"))
"""Asked directly even where the environment names a proxy, which would look for them on itself."""


def child_environment() -> dict[str, str]:
    """Return this process's environment without Airflow's variables and the server's token, for a child.

    Airflow's variables hold its keys, the password of its database and Connections, and a stage may load
    models written by others. Proxies, cloud credentials and synthprof's own settings stay. Pydantic's plugins
    are off: to look for them in every installed package takes 30 ms of each start.
    """
    kept = {name: value for name, value in os.environ.items() if not _is_foreign(name)}
    return kept | {PARENT_PID: str(os.getpid()), "PYDANTIC_DISABLE_PLUGINS": "__all__"}


def _is_foreign(name: str) -> bool:
    return name == TOKEN or name.lstrip("_").startswith("AIRFLOW")


NAME_BYTES_MAX = 255
"""Bytes of a file name on Linux's file systems."""

HOME_BYTES_MAX = 300
"""Bytes of the data root's path. SQLite opens paths of up to 512 bytes; a build adds some 160."""


def home_folder(chosen: str | os.PathLike[str] | None = None) -> Path:
    """Return the data root: the one chosen, else SYNTHPROF_HOME, else `data` in the project's folder.

    Where the package is installed, that is `data` in the current folder. A leading `~`, as in a Compose file,
    is the user's home folder. Raises SpecError for a path that is not UTF-8 or that is too long for SQLite.
    """
    given = Path(chosen or os.environ.get(HOME) or _project() / "data")
    try:
        home = given.expanduser().absolute()
    except RuntimeError as error:  # ~name of an unknown user
        raise SpecError(
            f"no home folder is known for {given}; set SYNTHPROF_HOME to an absolute path"
        ) from error
    if any("\ud800" <= character <= "\udfff" for character in str(home)):
        raise SpecError(f"the data root {str(home)!a} is not UTF-8; set SYNTHPROF_HOME to a path that is")
    if (longest := max(len(name.encode()) for name in home.parts)) > NAME_BYTES_MAX:
        raise SpecError(
            f"a name in the data root's path has {longest} bytes, at most {NAME_BYTES_MAX} are possible; "
            f"set SYNTHPROF_HOME to a path other than {home}"
        )
    if (length := len(str(home).encode())) > HOME_BYTES_MAX:
        raise SpecError(
            f"the path of the data root has {length} bytes, at most {HOME_BYTES_MAX} are possible; "
            f"set SYNTHPROF_HOME to a path shorter than {home}"
        )
    _check_kind(home)
    return home


def schemas_folder() -> Path:
    """Return the folder of the user's schemas: SYNTHPROF_SCHEMAS, else `schemas` in the project's folder.

    Where the package is installed, that is `schemas` in the current folder. A leading `~` is the user's home
    folder. Raises SpecError where that is not known.
    """
    given = Path(os.environ.get(SCHEMAS) or _project() / "schemas")
    try:
        return given.expanduser().absolute()
    except RuntimeError as error:
        raise SpecError(f"no home folder is known for {given}; set {SCHEMAS} to an absolute path") from error


def _project() -> Path:
    """Return the project's folder, or the current one where the package is installed."""
    project = Path(__file__).parents[2]
    return project if (project / "pyproject.toml").is_file() else Path()


def _check_kind(home: Path) -> None:
    if os.path.lexists(home) and not os.path.isdir(home):  # noqa: PTH112  which tells no folder it may not see
        kind = kind_of(home.lstat().st_mode)
        raise SpecError(f"the data root {home} is {kind}, not a folder; set SYNTHPROF_HOME to a folder")
