"""The errors that targets share, each with its remedy."""

from synthprof.base.errors import SpecError, StageError
from synthprof.delivery.loaders.address import Address


def unreachable(address: Address, said: str) -> StageError:
    """Return the error of a target where nobody answers."""
    return StageError(f"cannot reach {address}: {said}; check host and port, and that the server runs")


def disk_full(address: Address) -> SpecError:
    """Return the error of a target without space."""
    return SpecError(f"the disk of {address} is full; free some space, then run it again")


def in_use(address: Address) -> SpecError:
    """Return the error of a file that another program holds."""
    return SpecError(f"{address} is open in another program; close it there, then run it again")


def another_table(address: Address, what: str) -> SpecError:
    """Return the error of a table that is not the one to be loaded."""
    return SpecError(f"{address}: {what}; name another table by ?table=NAME, or replace it by --replace")


def failed(address: Address, said: str) -> StageError:
    """Return the error of a target that gave a reason which may pass."""
    return StageError(f"{address} failed: {said}; run it again")
