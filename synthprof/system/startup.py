"""The start and the end of synthprof's own processes."""

import gc
import io
import logging
import os
import platform
import resource
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, NoReturn, TextIO

from synthprof.base.errors import SpecError
from synthprof.base.units import MIB

if TYPE_CHECKING:
    from typing_extensions import Buffer

ADDRESS_SPACE_MIN = 3 << 30
"""Address space that a process needs: its libraries and thread stacks reserve 1.6 to 2.9 GiB, of which they
touch a tenth."""


OBJECTS_BETWEEN_COLLECTIONS = 50_000
"""New Python objects after which unreachable cycles of them are looked for. At Python's 700 that takes 0.3 of
the 3 CPU seconds of a small run, which leaves few cycles."""


def spare_time() -> None:
    """Have this process, one of synthprof's own, spend less on what its work does not need.

    Call it before NumPy is loaded: its matrix products are small here, and threads that wait for them busily
    took 0.6 of the 3 CPU seconds of a small run. FAISS keeps its threads. Pydantic does not look for plugins
    in all installed packages, which takes 30 ms. What the environment says of either stands.
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS)


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
    """Keep Arrow from importing pandas in this process, which saves a third of a second.

    pyarrow tries to import pandas once, when it makes its first scalar or array. Afterwards pandas can still
    be imported, but Arrow's conversions to it do not work: call this only in processes without foreign code.
    If a later pyarrow looks for pandas in another way, pandas is imported again.
    """
    import pyarrow as pa

    hidden = _Hidden()
    sys.meta_path.insert(0, hidden)
    try:
        pa.scalar(0)
    finally:
        sys.meta_path.remove(hidden)


def show_what_can_be_shown() -> None:
    """Make standard output and standard error take whatever is written to them.

    Characters that the encoding lacks become `?`. A reader may close its pipe, as `head` does: what comes
    after that is dropped, and the work goes on to its end. So is what is written to a stream that is closed.
    """
    sys.stdout = _patient(sys.stdout, "replace")
    sys.stderr = _patient(sys.stderr, "backslashreplace")


def _patient(stream: TextIO | None, errors: str) -> TextIO:
    if stream is None:
        return Path(os.devnull).open("w", encoding="utf-8")
    if not isinstance(stream, io.TextIOWrapper):  # a notebook's, or a test's
        return stream
    if stream not in (sys.__stdout__, sys.__stderr__):
        stream.reconfigure(errors=errors)
        return stream
    stream.flush()
    raw = io.BufferedWriter(_Pipe(stream.fileno(), "w", closefd=False))
    return io.TextIOWrapper(
        raw,
        stream.encoding,
        errors,
        line_buffering=stream.line_buffering,
        write_through=stream.write_through,
    )


class _Pipe(io.FileIO):
    """The descriptor of a standard stream: it drops what is written after its reader has left, or a failure.

    A failure is raised once: the interpreter flushes once more when it ends.
    """

    def write(self, data: "Buffer", /) -> int:
        try:
            return super().write(data) or 0
        except OSError as error:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self.fileno())
            os.close(nowhere)
            if not isinstance(error, BrokenPipeError):
                error.filename = "the standard output"
                raise
            return memoryview(data).nbytes


def end_on_signals() -> None:
    """Make SIGINT and SIGTERM end this process in order, and a second signal end it at once.

    An orderly end may wait for a running stage. Ending at once loses no data: files appear complete or not at
    all. Signals that the caller ignores, as a shell does for background jobs, stay ignored.
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
        os.write(1, b"\x1b[?25h\n")  # show the cursor, which progress bars hide
    os._exit(128 + number)


def leave(status: int) -> NoReturn:
    """End the process at once, without the interpreter's clean-up, which takes 0.15 s.

    Buffered output is written. Call it when files are closed and the pool has ended.
    """
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


class _Hidden:
    """A finder; the class in `importlib.abc` loads forty modules."""

    def find_spec(self, fullname: str, path: Sequence[str] | None, target: object = None) -> None:
        if fullname == "pandas":
            raise ImportError(name=fullname)
