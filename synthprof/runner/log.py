"""The file `run.log` of a build, to which every attempt adds its lines."""

import os
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

from synthprof.base.files import make_folder
from synthprof.base.kinds import open_descriptor
from synthprof.spec.request import Request
from synthprof.store.store import Store
from synthprof.system.refusals import clear_errors


@contextmanager
def run_log(request: Request, home: Path) -> Iterator[TextIO]:
    """Open `run.log` in the build folder of the request; what fails inside leaves its traceback there.

    Raises SpecError if it cannot be written.
    """
    folder = Store(home, request.dataset).build(request.spec).folder
    with clear_errors():
        make_folder(folder)
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
        log = os.fdopen(open_descriptor(folder / "run.log", flags, 0o666), "a", encoding="utf-8")
    try:
        yield log
    except KeyboardInterrupt:
        raise
    except BaseException:
        with suppress(OSError):  # what failed first is what matters
            traceback.print_exc(file=log)
        raise
    finally:
        with suppress(OSError):  # a full disk has no room for the last lines
            log.close()
