"""Errors, by who can remedy them."""


class SynthprofError(Exception):
    """A failure that synthprof itself reports. Its message is written for users."""

    exit_code = 1


class SpecError(SynthprofError, ValueError):
    """A failure that the caller must remedy: a retry with the same input fails again."""

    exit_code = 2


class StageError(SynthprofError, RuntimeError):
    """A failure whose reason may pass: a retry may succeed."""


class Busy(StageError):
    """A refusal because another process is working on the same version."""

    exit_code = 75  # EX_TEMPFAIL of sysexits.h: try again later


def first_line(error: Exception) -> str:
    """Return the first line of an error's message, without the details that libraries add below it."""
    return str(error).partition("\n")[0]
