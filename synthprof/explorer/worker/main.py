"""The process that answers the explorer's questions: `python -m synthprof.explorer.worker.main DESCRIPTOR`.

It reads one question a line from a socket, as JSON, and writes for each a line of JSON and then the answer's
bytes, in whatever order answers come to be. It ends with its parent, at the latest when the socket is closed.
"""

import gzip
import json
import logging
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, BinaryIO, NoReturn

from synthprof.base.errors import SpecError, SynthprofError
from synthprof.system.environment import PARENT_PID, home_folder
from synthprof.system.pool import die_with
from synthprof.system.startup import block_pandas

logger = logging.getLogger("synthprof.explorer.worker.main")

LANES = {"look": 2, "search": 2, "scan": 1}
"""Threads for each kind of question, so that long ones do not keep short ones waiting."""

NICE = 5
"""The server's own process goes first."""

IDLE_SECONDS = 600.0
"""After this a version is closed: while it is open, it is not removed, however old it is."""

LEAST_TO_COMPRESS = 2_048
COMPRESSION = 2
"""Level of gzip: higher ones take longer than a fast network would."""


def main() -> NoReturn:
    """Answer until the socket is closed; the process has ended then."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the server, whose end is ours
    die_with(int(os.environ[PARENT_PID]))
    os.nice(NICE)
    # several searches run side by side instead; FAISS and OpenBLAS read this when they are imported
    os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"
    block_pandas()
    from synthprof.explorer.worker.questions import Questions

    with socket.socket(fileno=int(sys.argv[1])) as connection:
        _serve(connection, Questions(home_folder()))
    os._exit(0)  # threads at work would be waited for otherwise


def _serve(connection: socket.socket, questions: Any) -> None:  # noqa: ANN401
    lanes = {name: ThreadPoolExecutor(threads, name) for name, threads in LANES.items()}
    writer = _Writer(connection.makefile("wb"))
    writer.write(0, 200, b"", compress=False)  # ready
    threading.Thread(target=_tidy, args=(questions,), daemon=True).start()
    for line in connection.makefile("rb"):
        question = json.loads(line)
        lanes[question["lane"]].submit(_answer, question, questions, writer, time.monotonic())


def _tidy(questions: Any) -> None:  # noqa: ANN401
    """Versions that nobody looks at any longer are closed, so that they can be removed."""
    while True:
        time.sleep(IDLE_SECONDS / 10)
        questions.shelf.put_back(IDLE_SECONDS)


class _Writer:
    """Answers go out whole, one after the other."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._lock = threading.Lock()

    def write(self, number: int, status: int, body: bytes, compress: bool) -> None:
        """The answer to question `number` has been sent, compressed if that is welcome."""
        compress = compress and len(body) >= LEAST_TO_COMPRESS
        if compress:
            body = gzip.compress(body, COMPRESSION, mtime=0)
        head = {"number": number, "status": status, "bytes": len(body), "compressed": compress}
        with self._lock:
            self._stream.write(json.dumps(head).encode() + b"\n")
            self._stream.write(body)
            self._stream.flush()


def _answer(question: dict[str, Any], questions: Any, writer: _Writer, asked: float) -> None:  # noqa: ANN401
    """The question has its answer, or the reason why there is none."""
    check = _limit(asked + question["seconds"])
    try:
        check()
        status, body = _status_and_body(question, questions, check)
    except TimeoutError as error:
        status, body = 504, _problem(str(error))
    writer.write(question["number"], status, body, question["compress"])


def _status_and_body(
    question: dict[str, Any],
    questions: Any,  # noqa: ANN401
    check: Callable[[], None],
) -> tuple[int, bytes]:
    from synthprof.explorer.worker.questions import as_json
    from synthprof.explorer.worker.shelf import NotThere

    arguments = question["arguments"] | ({"check": check} if question["lane"] != "look" else {})
    try:
        return 200, as_json(getattr(questions, question["question"])(**arguments))
    except NotThere as error:
        return 404, _problem(str(error))
    except SpecError as error:
        return 422, _problem(str(error))
    except SynthprofError as error:
        return 409, _problem(str(error))
    except TimeoutError:
        raise
    except Exception:
        logger.exception("%s", question)
        return 500, _problem(f"{question['question']} failed; the server's log says why")


def _limit(deadline: float) -> Callable[[], None]:
    def check() -> None:
        if time.monotonic() > deadline:
            raise TimeoutError("this took too long; ask for less, or without exact and conditions")

    return check


def _problem(detail: str) -> bytes:
    return json.dumps({"detail": detail}).encode()


if __name__ == "__main__":
    main()
