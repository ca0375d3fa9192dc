"""What a process of our own does before it works, and when it has done its work."""

import io
import logging
import os
import platform
import resource
import signal
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from types import FrameType
from typing import NoReturn

from synthprof.base.errors import SpecError
from synthprof.base.units import MIB

ADDRESS_SPACE_MIN = 3 << 30
"""Address space that a process needs: its libraries and thread stacks reserve 1.6 to 2.9 GiB, of which they
touch a tenth."""


def check_machine() -> None:
    """Raise SpecError where data sets cannot be made, before anything fails in words of its own.

    They can on Linux, whose kernel ends our processes with their parent and lets folders change places, with
    an address space (RLIMIT_AS) that has room for the libraries.
    """
    if (system := platform.system()) != "Linux":
        raise SpecError(f"this is {system}, synthprof needs Linux; use a virtual machine or a container")
    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    if limit != resource.RLIM_INFINITY and limit < ADDRESS_SPACE_MIN:
        raise SpecError(
            f"the address space is limited to {limit / MIB:,.0f} MiB, the libraries reserve "
            f"{ADDRESS_SPACE_MIN / MIB:,.0f} MiB; raise it (`ulimit -v unlimited`) and limit memory by a "
            "control group"
        )


def block_pandas() -> None:
    """Arrow does not import pandas in this process: it takes a third of a second, and nothing here needs it.

    pyarrow looks once whether pandas is there, by importing it, when it first makes a scalar or an array.
    Afterwards pandas can be imported all the same, but Arrow's own conversions to it are gone: this is for
    processes that nobody else's code shares. If pyarrow looks otherwise one day, pandas is imported again.
    """
    import pyarrow as pa

    hidden = _Hidden()
    sys.meta_path.insert(0, hidden)
    try:
        pa.scalar(0)
    finally:
        sys.meta_path.remove(hidden)


def show_what_can_be_shown() -> None:
    """Standard output has `?` for what its encoding lacks, where it would end the process."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")


def end_on_signals() -> None:
    """SIGINT and SIGTERM end this process in order, which may wait for a stage at work; a second one at once.

    Nothing can be lost by that. What our caller has us ignore, as shells do in the background, stays ignored.
    """
    for each in _heard():
        signal.signal(each, _end_in_order)


def _heard() -> list[signal.Signals]:
    return [each for each in (signal.SIGINT, signal.SIGTERM) if signal.getsignal(each) is not signal.SIG_IGN]


def _end_in_order(number: int, _: FrameType | None) -> NoReturn:
    for each in _heard():
        signal.signal(each, _end_at_once)
    raise KeyboardInterrupt if number == signal.SIGINT else SystemExit(128 + number)


def _end_at_once(number: int, _: FrameType | None) -> NoReturn:
    if os.isatty(1):
        os.write(1, b"\x1b[?25h\n")  # the cursor, which bars hide
    os._exit(128 + number)


def leave(status: int) -> NoReturn:
    """The process has ended. It is not taken apart first, module by module, which takes 0.15 s.

    For a process whose files are closed and whose pool has ended: only what is buffered is written.
    """
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


class _Hidden(MetaPathFinder):
    def find_spec(self, fullname: str, path: Sequence[str] | None, target: object = None) -> None:
        if fullname == "pandas":
            raise ImportError(name=fullname)
