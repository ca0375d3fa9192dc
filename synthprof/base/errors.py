"""What can go wrong, by who can mend it."""


class SynthprofError(Exception):
    """Any failure that synthprof itself reports; its text is meant for people."""

    exit_code = 1


class SpecError(SynthprofError, ValueError):
    """The caller must change something: a retry with the same input fails again."""

    exit_code = 2


class StageError(SynthprofError, RuntimeError):
    """Work failed for a reason that may pass: a retry may help."""


class Busy(StageError):
    """Another process is at work on the same version."""

    exit_code = 75  # EX_TEMPFAIL of sysexits.h: try again later


def first_line(error: Exception) -> str:
    """The first line of what an error says; what libraries add below it is for their authors."""
    return str(error).partition("\n")[0]
