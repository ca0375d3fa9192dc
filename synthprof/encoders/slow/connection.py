"""Requests over HTTP whose answers have a deadline as a whole, and a maximum size.

The time-outs of HTTP clients hold for each read: a service that sends a byte now and then keeps them waiting.
Here a request runs in an event loop that cancels it at its deadline, whatever it waits for: a name, a
connection, TLS, headers or content. The loop has a thread of its own.
"""

import asyncio
import threading
import zlib
from collections.abc import Callable
from concurrent import futures
from dataclasses import dataclass
from typing import Any

import httpx

from synthprof.base.errors import SpecError
from synthprof.encoders.slow.rejected import Rejected
from synthprof.system.environment import THIS_MACHINE

CONNECT_SECONDS = 10.0
"""For a connection, and as much for TLS; half of a shorter deadline. A cancelled handshake stays open."""

STOP_SECONDS = 0.2
"""Seconds until a thread that waits for an answer notices that the work ends."""

END_SECONDS = 2.0
"""Seconds that open connections have for being closed."""

ZLIB_OR_GZIP = zlib.MAX_WBITS | 32

KINDS: dict[type[Exception], str] = {
    httpx.ConnectTimeout: "no connection in time",
    httpx.ConnectError: "no connection",
    httpx.ProxyError: "the proxy makes no connection",
    httpx.ReadError: "the connection broke",
    httpx.WriteError: "the connection broke",
    httpx.RemoteProtocolError: "the connection ended before the answer was whole, or it is no HTTP",
}
"""Words for errors, whose own texts may hold the address with a password in it."""


@dataclass(frozen=True)
class Reply:
    """An answer: status, headers and unpacked content; of a longer one, what goes just beyond the maximum."""

    status: int
    headers: httpx.Headers
    content: bytes


class Connection:
    """Connections to one service, for several threads.

    stopping: when set, no thread waits any longer. Raises SpecError if the environment names a proxy that is
    none.
    """

    def __init__(self, headers: dict[str, str], stopping: threading.Event) -> None:
        headers = headers | {"Accept-Encoding": "gzip"}  # others unpack too much at a time
        try:
            self._client = httpx.AsyncClient(headers=headers, mounts=THIS_MACHINE)
        except ValueError as error:
            raise SpecError(
                f"the environment names a proxy that cannot be used ({error}); mend HTTP_PROXY, HTTPS_PROXY "
                "or ALL_PROXY"
            ) from None
        self._stopping = stopping
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None

    def post(self, url: str, body: dict[str, Any], seconds: float, most: int) -> Reply:
        """Send the body as JSON; return the answer, if it is whole within `seconds`.

        most: bytes of unpacked content. Raises Rejected with the code 0 for whatever is no answer,
        httpx.InvalidURL and httpx.UnsupportedProtocol for the address.
        """
        if self._stopping.is_set():
            raise Rejected(0, "not asked, as the work ends")
        answer = asyncio.run_coroutine_threadsafe(self._post(url, body, seconds, most), self._running())
        try:
            while not futures.wait([answer], STOP_SECONDS).done:
                if self._stopping.is_set():
                    raise Rejected(0, "the answer was not waited for, as the work ends")
            return answer.result()
        finally:
            answer.cancel()

    def close(self) -> None:
        """Close the connections and end the thread."""
        with self._lock:
            loop, self._loop = self._loop, None
        if loop is not None:
            futures.wait([asyncio.run_coroutine_threadsafe(self._end(), loop)], END_SECONDS)
            loop.call_soon_threadsafe(loop.stop)

    def _running(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                threading.Thread(target=_run, args=(self._loop,), name="http", daemon=True).start()
            return self._loop

    async def _post(self, url: str, body: dict[str, Any], seconds: float, most: int) -> Reply:
        try:
            async with asyncio.timeout(seconds):
                timeout = httpx.Timeout(None, connect=min(CONNECT_SECONDS, seconds / 2))
                return await self._receive(url, body, timeout, most)
        except TimeoutError:
            raise Rejected(0, f"no answer (it was not whole within {seconds:g} s)") from None
        except zlib.error:
            raise Rejected(0, "no answer (it cannot be unpacked)") from None
        except httpx.UnsupportedProtocol:
            raise
        except httpx.RequestError as error:
            kind = KINDS.get(type(error), type(error).__name__)
            if "CERTIFICATE_VERIFY_FAILED" in str(error):
                kind = "its certificate is not trusted"
            raise Rejected(0, f"no answer ({kind})") from None

    async def _receive(self, url: str, body: dict[str, Any], timeout: httpx.Timeout, most: int) -> Reply:
        content = bytearray()
        async with self._client.stream("POST", url, json=body, timeout=timeout) as answer:
            unpack = _unpacker(answer.headers.get("content-encoding", ""))
            async for chunk in answer.aiter_raw():
                content += unpack(chunk, most + 1 - len(content))
                if len(content) > most:
                    break
            return Reply(answer.status_code, answer.headers, bytes(content))

    async def _end(self) -> None:
        """Cancel requests that nobody waits for any more, and close the connections."""
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await self._client.aclose()


def _run(loop: asyncio.AbstractEventLoop) -> None:
    try:
        loop.run_forever()
    finally:
        loop.close()


def _unpacker(encoding: str) -> Callable[[bytes, int], bytes]:
    """Return a function from a part of the content, and a maximum of bytes, to the part unpacked.

    Raises Rejected for an encoding that was not asked for.
    """
    match encoding.strip().lower():
        case "" | "identity":
            return lambda chunk, most: chunk
        case "gzip" | "x-gzip" | "deflate":
            return zlib.decompressobj(ZLIB_OR_GZIP).decompress
    raise Rejected(0, f"no answer (its content is packed as {encoding[:20]!r}, though gzip was asked for)")
