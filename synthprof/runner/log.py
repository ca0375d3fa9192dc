"""The file `run.log` of a build, to which every attempt adds its lines."""

import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

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
        folder.mkdir(parents=True, exist_ok=True)
        log = (folder / "run.log").open("a", encoding="utf-8")
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
