"""The worker process as the server sees it: started when needed, limited in load and time, replaced."""

import asyncio
import contextlib
import logging
import math
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from synthprof.base.errors import SpecError
from synthprof.explorer.wire import LIMITS, MAX_HEAD_BYTES, READY, Answer, Lane, Name, Question
from synthprof.system.environment import HOME, child_environment

logger = logging.getLogger(__name__)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds < math.inf:
        raise SpecError(f"SYNTHPROF_EXPLORER_SECONDS={text} is not a time; write seconds above 0, such as 30")
    return seconds


ANSWER_SECONDS = _seconds(os.environ.get("SYNTHPROF_EXPLORER_SECONDS", "30"))
"""Time limit of an answer, after which the caller gets status 504."""

START_SECONDS = 120.0
"""Time limit of a start. The imports take one second, but more on a busy machine."""

GRACE_SECONDS = 30.0
"""Time after the limit at which an unanswered question counts as hanging; then the process is killed."""

KILL_SECONDS = 2.0
"""Longest end of a killed process, unless it waits for a disk or a file server that does not respond."""


@dataclass
class _WorkerProcess:
    """A started process, the event loop that reads its answers, and its unanswered questions.

    ended_at: when it was killed; `process.returncode` is None until it has ended.
    """

    process: subprocess.Popen[bytes]
    loop: asyncio.AbstractEventLoop
    writer: asyncio.StreamWriter
    listener: "asyncio.Task[None] | None" = None
    waiting: dict[int, "asyncio.Future[Answer]"] = field(default_factory=dict)
    lanes: dict[int, Lane] = field(default_factory=dict)
    ended_at: float | None = None


class Worker:
    """The worker of the data root `home`; it has at most one process at a time."""

    def __init__(self, home: Path, service: Callable[[], dict[str, str]] = dict) -> None:
        self.home = home
        self._service = service
        self._running: _WorkerProcess | None = None
        self._ended: _WorkerProcess | None = None
        self._number = 0
        self._starting = asyncio.Lock()

    @property
    def pid(self) -> int | None:
        """The process id, or None if no process runs."""
        running = self._running
        return running.process.pid if running and running.process.poll() is None else None

    async def ask(self, name: Name, lane: Lane, compress: bool = False, **arguments: Any) -> Answer:  # noqa: ANN401
        """Return the worker's answer, or one with status 429, 503 or 504 if there is none in time."""
        running = await self._process()
        self._number += 1
        number = self._number
        if running is None:
            return Answer.problem(
                number, 503, "the worker process hangs or did not start; the server's log says why"
            )
        limits = LIMITS[lane]
        if sum(each == lane for each in running.lanes.values()) >= limits.waiting:
            detail = f"{limits.waiting} requests wait for an answer; try again in a second"
            return Answer.problem(number, limits.refusal, detail)
        running.lanes[number] = lane
        future = running.waiting[number] = running.loop.create_future()
        running.writer.write(Question(number, name, lane, arguments, ANSWER_SECONDS, compress).line())
        try:
            return await asyncio.wait_for(asyncio.shield(future), ANSWER_SECONDS)
        except asyncio.TimeoutError:  # noqa: UP041  another class in Python 3.10 and before only
            running.loop.call_later(GRACE_SECONDS, self._end_if_unanswered, running, number)
            detail = f"no answer within {ANSWER_SECONDS:.0f} s; ask for less, or try again later"
            return Answer.problem(number, 504, detail)

    def close(self) -> None:
        """Kill the process, if there is one."""
        if self._running is not None:
            self._end(self._running)

    async def _process(self) -> _WorkerProcess | None:
        """Return the running process; start one if there is none, or if it belongs to another event loop.

        Returns None if it does not start.
        """
        loop = asyncio.get_running_loop()
        running = self._running
        if running is not None and running.loop is loop and running.process.poll() is None:
            return running
        if running is not None and running.loop is not loop:
            self.close()
            self._starting = asyncio.Lock()
        async with self._starting:
            if self._running is None or self._running.process.poll() is not None:
                self._running = await self._start(loop) if await self._last_is_gone() else None
            return self._running

    async def _last_is_gone(self) -> bool:
        """Return whether the last killed process has ended; else each start would add a hanging process."""
        last = self._ended
        while last is not None and last.process.returncode is None:
            if last.ended_at is None or time.monotonic() - last.ended_at > KILL_SECONDS:
                return False
            await asyncio.sleep(0.01)
        return True

    async def _start(self, loop: asyncio.AbstractEventLoop) -> _WorkerProcess | None:
        """Start a process and return it when it is ready, or None if it does not get ready in time."""
        service = await asyncio.to_thread(self._service)
        ours, theirs = socket.socketpair()
        with theirs:
            process = subprocess.Popen(
                [sys.executable, "-m", "synthprof.explorer.worker.main", str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                env=child_environment() | {HOME: str(self.home)} | service,
                stdin=subprocess.DEVNULL,
                process_group=0,  # Ctrl-C goes to the whole group: it ends the server, which ends this
            )
        reader, writer = await asyncio.open_connection(sock=ours, limit=MAX_HEAD_BYTES)
        running = _WorkerProcess(process, loop, writer)
        ready = running.waiting[READY] = loop.create_future()
        running.listener = loop.create_task(self._listen(running, reader))
        try:
            answer = await asyncio.wait_for(ready, START_SECONDS)
        except asyncio.TimeoutError:  # noqa: UP041
            self._end(running)
            return None
        return running if answer.status == 200 else None

    async def _listen(self, running: _WorkerProcess, reader: asyncio.StreamReader) -> None:
        """Pass answers on to their questions until the process ends, then refuse the remaining questions."""
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while (answer := await Answer.receive(reader)) is not None:
                running.lanes.pop(answer.number, None)
                future = running.waiting.pop(answer.number, None)
                if future is not None and not future.done():
                    future.set_result(answer)
        self._end(running)

    def _end_if_unanswered(self, running: _WorkerProcess, number: int) -> None:
        if number in running.waiting:
            logger.warning("the explorer's worker process hangs and is killed")
            self._end(running)

    def _end(self, running: _WorkerProcess) -> None:
        """Kill the process and refuse its unanswered questions.

        A thread waits for its end, not the event loop, which is Airflow's: while a disk or a file server does
        not respond, not even SIGKILL ends the process.
        """
        if running.ended_at is not None:
            return
        running.ended_at = time.monotonic()
        running.process.kill()
        self._ended = running
        if self._running is running:
            self._running = None
        with contextlib.suppress(RuntimeError):  # its loop may be closed
            running.writer.close()
        unanswered, running.waiting, running.lanes = running.waiting, {}, {}
        threading.Thread(target=_reap, args=(running.process, len(unanswered)), daemon=True).start()
        for number, future in unanswered.items():
            if not future.done() and not running.loop.is_closed():
                detail = "the worker process ended and is started again; try again"
                future.set_result(Answer.problem(number, 503, detail))


def _reap(process: subprocess.Popen[bytes], unanswered: int) -> None:
    """Wait until the killed process has ended; log it if it hangs or left questions unanswered."""
    try:
        process.wait(KILL_SECONDS)
    except subprocess.TimeoutExpired:
        logger.error(
            "the explorer's worker process %d was killed but has not ended: a disk or a file server does not "
            "respond; another process starts when it has ended",
            process.pid,
        )
    code = process.wait()
    if unanswered:
        logger.warning(
            "the explorer's worker process ended with status %d; the next request starts another", code
        )
