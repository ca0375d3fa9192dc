"""Errors, by who can remedy them."""

from pathlib import Path


class SynthprofError(Exception):
    """A failure that synthprof itself reports. Its message is written for users.

    A message is `fact; remedy`, and what stands before or after holds no other `; ` of ours (a test looks at
    every message), so the last one parts them, whatever values the fact quotes. Details may follow on further
    lines.
    """

    exit_code = 1
    kind = "failed"
    """The kind of failure in one word, for programs."""

    @property
    def fact(self) -> str:
        """The fault: the value and the rule."""
        return self._parts[0]

    @property
    def remedy(self) -> str:
        """The remedy, empty if none is known."""
        return self._parts[1]

    @property
    def _parts(self) -> tuple[str, str]:
        first, _, details = str(self).partition("\n")
        if details:
            return first.rstrip(":"), details
        fact, parted, remedy = first.rpartition("; ")
        return (fact, remedy) if parted else (remedy, "")


class SpecError(SynthprofError, ValueError):
    """A failure that the caller must remedy: a retry with the same input fails again."""

    exit_code = 2
    kind = "refused"


class StageError(SynthprofError, RuntimeError):
    """A failure whose reason may pass: a retry may succeed."""


class Busy(StageError):
    """A refusal because another process is working on the same version."""

    exit_code = 75  # EX_TEMPFAIL of sysexits.h: try again later
    kind = "busy"


class Damaged(StageError):
    """A find of files that changed after being written; who works on the build removes them (`healed`)."""

    def __init__(self, *paths: Path) -> None:
        super().__init__(*paths)
        self.paths = paths

    def __str__(self) -> str:
        """Name at most three of the files."""
        some = ", ".join(map(str, self.paths[:3]))
        more = f" and {len(self.paths) - 3} more files" if len(self.paths) > 3 else ""
        return f"{some}{more} changed after being written, as failing disks do"


def first_line(error: Exception) -> str:
    """Return the first line of an error's message, without the details that libraries add below it."""
    return str(error).partition("\n")[0]
