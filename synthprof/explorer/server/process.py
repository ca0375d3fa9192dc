"""The worker process as the server sees it: asked within bounds, started when needed and when it has died."""

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
        raise SpecError(f"SYNTHPROF_EXPLORER_SECONDS={text} is no time; write seconds above 0, such as 30")
    return seconds


ANSWER_SECONDS = _seconds(os.environ.get("SYNTHPROF_EXPLORER_SECONDS", "30"))
"""After this the caller is told that it took too long."""

START_SECONDS = 120.0
"""For the process to import what it needs: a second, but many where others hold the machine."""

GRACE_SECONDS = 30.0
"""A question that is still unanswered so much later hangs: the process is ended, and started again."""

KILL_SECONDS = 2.0
"""A killed process is gone in less, unless it waits for a disk or a file server that does not answer."""


@dataclass
class _WorkerProcess:
    """A process that was started, the loop that listens to it and the questions it has not answered.

    ended_at: when it was killed; until it is gone, `process.returncode` is None.
    """

    process: subprocess.Popen[bytes]
    loop: asyncio.AbstractEventLoop
    writer: asyncio.StreamWriter
    listener: "asyncio.Task[None] | None" = None
    waiting: dict[int, "asyncio.Future[Answer]"] = field(default_factory=dict)
    lanes: dict[int, Lane] = field(default_factory=dict)
    ended_at: float | None = None


class Worker:
    """Answers questions about the data under `home`; holds at most one process at a time."""

    def __init__(self, home: Path, service: Callable[[], dict[str, str]] = dict) -> None:
        self.home = home
        self._service = service
        self._running: _WorkerProcess | None = None
        self._ended: _WorkerProcess | None = None
        self._number = 0
        self._starting = asyncio.Lock()

    @property
    def pid(self) -> int | None:
        """The process id, while there is one."""
        running = self._running
        return running.process.pid if running and running.process.poll() is None else None

    async def ask(self, name: Name, lane: Lane, compress: bool = False, **arguments: Any) -> Answer:  # noqa: ANN401
        """Return the worker's answer, or one with status 429, 503 or 504 if there is none in time."""
        running = await self._process()
        self._number += 1
        number = self._number
        if running is None:
            return Answer.problem(
                number, 503, "the search process hangs or did not start; the server's log says why"
            )
        limits = LIMITS[lane]
        if sum(each == lane for each in running.lanes.values()) >= limits.waiting:
            detail = f"{limits.waiting} others wait for an answer; ask again in a second"
            return Answer.problem(number, limits.refusal, detail)
        running.lanes[number] = lane
        future = running.waiting[number] = running.loop.create_future()
        running.writer.write(Question(number, name, lane, arguments, ANSWER_SECONDS, compress).line())
        try:
            return await asyncio.wait_for(asyncio.shield(future), ANSWER_SECONDS)
        except asyncio.TimeoutError:  # noqa: UP041  another class in Python 3.10 and before only
            running.loop.call_later(GRACE_SECONDS, self._end_if_unanswered, running, number)
            detail = f"no answer within {ANSWER_SECONDS:.0f} s; ask for less, or ask again later"
            return Answer.problem(number, 504, detail)

    def close(self) -> None:
        """The process has been killed."""
        if self._running is not None:
            self._end(self._running)

    async def _process(self) -> _WorkerProcess | None:
        """The process that runs; a new one where there is none, or where it belongs to another loop.

        None if it does not start.
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
        """Whether no killed process is left: those that hang would otherwise pile up, one with each start."""
        last = self._ended
        while last is not None and last.process.returncode is None:
            if last.ended_at is None or time.monotonic() - last.ended_at > KILL_SECONDS:
                return False
            await asyncio.sleep(0.01)
        return True

    async def _start(self, loop: asyncio.AbstractEventLoop) -> _WorkerProcess | None:
        """A process that has said that it is ready."""
        service = await asyncio.to_thread(self._service)
        ours, theirs = socket.socketpair()
        with theirs:
            process = subprocess.Popen(
                [sys.executable, "-m", "synthprof.explorer.worker.main", str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                env=child_environment() | {HOME: str(self.home)} | service,
                stdin=subprocess.DEVNULL,
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
        """Answers reach those who wait until the process ends; then all are told so."""
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while (answer := await Answer.receive(reader)) is not None:
                running.lanes.pop(answer.number, None)
                future = running.waiting.pop(answer.number, None)
                if future is not None and not future.done():
                    future.set_result(answer)
        self._end(running)

    def _end_if_unanswered(self, running: _WorkerProcess, number: int) -> None:
        if number in running.waiting:
            logger.warning("the explorer's process hangs and is ended")
            self._end(running)

    def _end(self, running: _WorkerProcess) -> None:
        """The process was killed, and nobody waits for it any longer.

        Only a thread waits for its end: while a disk or file server does not answer it, not even SIGKILL
        ends it, and the event loop is Airflow's.
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
                detail = "the search process ended and is started again; ask again"
                future.set_result(Answer.problem(number, 503, detail))


def _reap(process: subprocess.Popen[bytes], unanswered: int) -> None:
    """The killed process is gone, and logged where it left questions unanswered."""
    try:
        process.wait(KILL_SECONDS)
    except subprocess.TimeoutExpired:
        logger.error(
            "the explorer's process %d was killed and is still there: a disk or file server does not answer; "
            "another process is started when it is gone",
            process.pid,
        )
    code = process.wait()
    if unanswered:
        logger.warning("the explorer's process ended with status %d; the next question starts it", code)
