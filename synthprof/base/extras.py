"""Packages that only a part of the work needs, by the extra that brings them."""

import importlib.util

from synthprof.base.errors import SpecError


def check_installed(extra: str, *packages: str) -> None:
    """Raise SpecError with the command to type if one of the packages is not installed.

    Nothing is imported: the packages are looked for by their names.

    >>> check_installed("http", "json", "a_package_that_nobody_has")
    Traceback (most recent call last):
    ...
    synthprof.base.errors.SpecError: a_package_that_nobody_has is not installed; pip install "synthprof[http]"
    """
    missing = [package for package in packages if not is_installed(package)]
    if missing:
        verb = "is" if len(missing) == 1 else "are"
        raise SpecError(f"{' and '.join(missing)} {verb} not installed; {command(extra)}")


def is_installed(package: str) -> bool:
    """Return whether the package can be imported, without importing it."""
    return importlib.util.find_spec(package) is not None


def command(extra: str) -> str:
    """Return the command that installs the extra."""
    return f'pip install "synthprof[{extra}]"'
