"""Processes that do jobs, each with its own pipe, so that the death of a process is noticed at once.

concurrent.futures.ProcessPoolExecutor has one pipe for all results. If a process dies while it writes a
result, the reader waits for the rest forever (docs/adr/0023).
"""

import multiprocessing
import os
import pickle
import threading
import traceback
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from typing import Any, TypeVar

from synthprof.base.errors import StageError

Job = TypeVar("Job")
Result = TypeVar("Result")

PATIENCE_SECONDS = 10.0
"""Seconds that an idle process may take to end."""


class Workers:
    """A fixed number of forked processes, to which a thread gives jobs in the order of their submission."""

    def __init__(self, count: int, prepare: Callable[[int], None]) -> None:
        """Fork `count` processes. Each calls `prepare` with the id of this process before its first job."""
        self._jobs: deque[tuple[Future[Any], bytes]] = deque()
        self._lock = threading.Lock()
        self._broken = self._closing = False
        self._ear, self._bell = multiprocessing.Pipe(duplex=False)
        self._processes: dict[Connection, multiprocessing.process.BaseProcess] = {}
        context = multiprocessing.get_context("fork")
        for _ in range(count):
            here, there = context.Pipe()
            process = context.Process(target=_serve, args=(there, prepare, os.getpid()), daemon=True)
            process.start()
            there.close()  # if the next process inherited it, the end of this one would not be noticed
            self._processes[here] = process
        self._thread = threading.Thread(target=self._hand_out, name="workers", daemon=True)
        self._thread.start()

    def submit(self, work: Callable[[Job], Result], job: Job) -> "Future[Result]":
        """Submit `work(job)` and return its future, which raises the exception of the work.

        work and job must be picklable. Raises StageError, here or from the future, if a process was killed.
        """
        future: Future[Result] = Future()
        message = pickle.dumps((work, job))
        with self._lock:
            if self._closing:
                raise RuntimeError("the processes have ended; submit jobs before `close`")
            if self._broken:
                raise _killed()
            self._jobs.append((future, message))
        self._bell.send_bytes(b"")
        return future

    def close(self) -> None:
        """End all processes: cancel jobs that have not begun, and kill a process that does not end in time.

        No data is lost: awaited jobs are done, and blocks appear complete or not at all.
        """
        impatient = threading.Timer(PATIENCE_SECONDS, self._kill)
        impatient.start()
        try:
            with self._lock:
                self._closing = True
            with suppress(OSError):  # the timer above kills the processes then
                self._bell.send_bytes(b"")
            self._thread.join()
            for process in self._processes.values():
                process.join()
        finally:
            impatient.cancel()
        for connection in (self._ear, self._bell, *self._processes):
            connection.close()

    def pids(self) -> list[int]:
        """Return the process ids."""
        return [process.pid for process in self._processes.values() if process.pid]

    def _hand_out(self) -> None:
        doing: dict[Connection, Future[Any]] = {}
        try:
            self._carry(doing)
        except (OSError, EOFError):  # a process has died, or its pipe has failed in the middle of a message
            self._give_up([*doing.values()], _killed())
        except Exception as error:  # as no memory for an answer: the callers that wait must get it
            self._give_up([*doing.values()], error)
        finally:
            with self._lock:
                while self._jobs:
                    self._jobs.popleft()[0].cancel()

    def _carry(self, doing: "dict[Connection, Future[Any]]") -> None:
        """Give jobs to idle processes and answers to their futures, until `close`."""
        idle = list(self._processes)
        while doing or not self._closing:
            while idle and (job := self._next()):
                future, message = job
                doing[idle[-1]] = future
                idle.pop().send_bytes(message)
            for ready in wait([self._ear, *self._processes]):
                assert isinstance(ready, Connection)
                answer = ready.recv_bytes()
                if ready is not self._ear:
                    _settle(doing.pop(ready), answer)
                    idle.append(ready)
        for connection in idle:
            connection.send_bytes(b"")

    def _next(self) -> "tuple[Future[Any], bytes] | None":
        """Return the next job that is not cancelled, or None."""
        with self._lock:
            while self._jobs and not self._closing:
                job = self._jobs.popleft()
                if job[0].set_running_or_notify_cancel():
                    return job
        return None

    def _give_up(self, lost: "list[Future[Any]]", why: Exception) -> None:
        with self._lock:
            self._broken = True
            while self._jobs:
                future, _ = self._jobs.popleft()
                if future.set_running_or_notify_cancel():
                    lost.append(future)
        self._kill()
        for future in lost:
            future.set_exception(why)

    def _kill(self) -> None:
        for process in self._processes.values():
            process.kill()


def _killed() -> StageError:
    return StageError(
        "a worker process was killed, perhaps because memory ran out; try again, or use fewer workers"
    )


def _settle(future: "Future[Any]", answer: bytes) -> None:
    try:
        result, error = pickle.loads(answer)
    except Exception as unreadable:  # an exception that pickle cannot restore
        result, error = None, unreadable
    if error is None:
        future.set_result(result)
    else:
        future.set_exception(error)


# --- in the process --------------------------------------------------------------------------------------


def _serve(connection: Connection, prepare: Callable[[int], None], parent: int) -> None:
    prepare(parent)
    with suppress(EOFError):
        while message := connection.recv_bytes():
            answer = _answer(message)
            try:
                connection.send_bytes(answer)
            except OSError:  # part of an answer is written: only the end of this process tells the reader
                os._exit(1)


def _answer(message: bytes) -> bytes:
    try:
        work, job = pickle.loads(message)
        return pickle.dumps((work(job), None))
    except BaseException as error:
        error.add_note(f"In a worker process:\n{traceback.format_exc()}")
        try:
            return pickle.dumps((None, error))
        except Exception:
            return pickle.dumps((None, StageError(f"{type(error).__name__}: {error}")))
