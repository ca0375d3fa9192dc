"""The process that answers the explorer's questions: `python -m synthprof.explorer.worker.main DESCRIPTOR`.

It reads questions from a socket and writes each answer when it is ready (`explorer.wire`). It ends with its
parent, at the latest when the socket is closed.
"""

import gzip
import logging
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import Any, BinaryIO, NoReturn

from synthprof.base.errors import SpecError, SynthprofError
from synthprof.explorer.wire import LIMITS, READY, Answer, Question
from synthprof.system.environment import PARENT_PID, home_folder
from synthprof.system.pool import die_with
from synthprof.system.startup import block_pandas

logger = logging.getLogger("synthprof.explorer.worker.main")

NICE = 5
"""Priority below that of the server."""

IDLE_SECONDS = 600.0
"""Time after which an unused version is closed; an open version is not removed, however old it is."""

LOOK_SECONDS = 0.5
"""Time between two looks at which versions to close; a look takes some 10 µs a version."""

MIN_COMPRESSED_BYTES = 2_048
COMPRESSION = 2
"""Level of gzip; higher levels take longer than a fast network saves."""


def main() -> NoReturn:
    """Answer questions until the socket is closed, then end the process."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    die_with(int(os.environ[PARENT_PID]))
    os.nice(NICE)
    # searches run in parallel instead; FAISS and OpenBLAS read this when they are imported
    os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"
    block_pandas()
    from synthprof.explorer.worker.questions import Questions

    with socket.socket(fileno=int(sys.argv[1])) as connection:
        _serve(connection, Questions(home_folder()))
    os._exit(0)  # a normal exit would wait for busy threads


def _serve(connection: socket.socket, questions: Any) -> None:  # noqa: ANN401
    lanes = {lane: ThreadPoolExecutor(limits.threads, lane) for lane, limits in LIMITS.items()}
    writer = _Writer(connection.makefile("wb"))
    writer.write(Answer(READY, 200, b""))
    threading.Thread(target=_close_unused, args=(questions,), daemon=True).start()
    for line in connection.makefile("rb"):
        question = Question.read(line)
        lanes[question.lane].submit(_answer, question, questions, writer, time.monotonic())


def _close_unused(questions: Any) -> None:  # noqa: ANN401
    """Close versions that are no longer used or that readers shall leave, so that they can be removed."""
    while True:
        time.sleep(LOOK_SECONDS)
        questions.opened.close_unused(IDLE_SECONDS)


class _Writer:
    """A stream to which threads write whole answers, one after the other."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._lock = threading.Lock()

    def write(self, answer: Answer) -> None:
        """Send the answer."""
        message = answer.message()
        with self._lock:
            self._stream.write(message)
            self._stream.flush()


def _answer(question: Question, questions: Any, writer: _Writer, asked: float) -> None:  # noqa: ANN401
    """Send the answer to the question, or the reason why there is none."""
    check = _limit(asked + question.seconds)
    try:
        check()
        answer = _answer_to(question, questions, check)
    except TimeoutError as error:
        answer = Answer.problem(question.number, 504, str(error))
    writer.write(_compressed(answer) if question.compress else answer)


def _answer_to(question: Question, questions: Any, check: Callable[[], None]) -> Answer:  # noqa: ANN401
    from synthprof.explorer.worker.answers import as_json
    from synthprof.explorer.worker.open_versions import NotFound

    problem = partial(Answer.problem, question.number)
    arguments = question.arguments | ({"check": check} if question.lane != "look" else {})
    try:
        return Answer(question.number, 200, as_json(getattr(questions, question.name)(**arguments)))
    except NotFound as error:
        return problem(404, str(error))
    except SpecError as error:
        return problem(422, str(error))
    except SynthprofError as error:
        return problem(409, str(error))
    except TimeoutError:
        raise
    except Exception:
        logger.exception("%s", question)
        return problem(500, f"{question.name} failed; the server's log says why")


def _compressed(answer: Answer) -> Answer:
    if len(answer.body) < MIN_COMPRESSED_BYTES:
        return answer
    return replace(answer, body=gzip.compress(answer.body, COMPRESSION, mtime=0), compressed=True)


def _limit(deadline: float) -> Callable[[], None]:
    def check() -> None:
        if time.monotonic() > deadline:
            raise TimeoutError("this took too long; ask for less, or search without exact and conditions")

    return check


if __name__ == "__main__":
    main()
