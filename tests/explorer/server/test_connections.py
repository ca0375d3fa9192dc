"""Connections that the server bears: slow callers, long requests, and as many as there are descriptors."""

import asyncio
import json
import resource
import socket
import time
from contextlib import closing, suppress
from http.client import HTTPConnection
from urllib.parse import urlencode, urlsplit

import pytest
import uvicorn
from explorers import ONE, served
from starlette.responses import Response
from uvicorn.server import ServerState

from synthprof.explorer.server import connections
from synthprof.explorer.server.connections import BoundedProtocol
from synthprof.spec.limits import MAX_CHARACTERS, MAX_CONDITIONS, MAX_TEXT


@pytest.fixture(scope="module")
def address(home):
    """Host and port of `synthprof serve`."""
    with served(home, files=256) as url:
        found = urlsplit(url)
        yield found.hostname, found.port


def test_headers_without_end_are_refused_before_they_fill_the_server(address):
    # it may hang up while we still send
    with socket.create_connection(address, timeout=10) as caller, suppress(ConnectionError):
        caller.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Long: ")
        for _ in range(64):
            caller.sendall(b"a" * (1 << 16))
        assert caller.recv(1 << 16).startswith(b"HTTP/1.1 400 ")


HEADERS_BEGUN = b"GET / HTTP/1.1\r\nHost: localhost\r\n"

BODY_BEGUN = b"POST /early HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99\r\n\r\n{"

SLOW = {
    "silent": (b"", b""),
    "headers": (HEADERS_BEGUN, b"x"),
    "body": (BODY_BEGUN.replace(b"/early", b"/"), b" "),
    "body-after-its-answer": (BODY_BEGUN, b" "),
    "idle": (HEADERS_BEGUN + b"\r\n", b""),
    "next-headers": (HEADERS_BEGUN + b"\r\nGET", b"T"),
    "takes-nothing": (b"GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n", None),
}
"""The bytes that each caller sends at once, and then again and again; None: it does not read, either."""


async def _bounded(scope, receive, send) -> None:
    """An app that answers slowly, or before the body, or with more than the caller's socket holds."""
    if scope["path"] == "/":
        while (await receive())["more_body"]:
            pass
        await asyncio.sleep(1)
    content = b"x" * (1 << 24) if scope["path"] == "/large" else b"answered"
    await Response(content)(scope, receive, send)


async def _until_closed(kind: str, port: int) -> float:
    """The seconds until the server closes the connection of a slow caller."""
    began, (first, again) = time.monotonic(), SLOW[kind]
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(first)
    with suppress(ConnectionError):
        while again is None or await _nothing_more(reader):
            if again is None and time.monotonic() > began + 2:
                await asyncio.wait_for(reader.read(), 10)
                break
            if again is not None:
                writer.write(again)
            await asyncio.sleep(0.05)
    writer.close()
    return time.monotonic() - began


async def _nothing_more(reader: asyncio.StreamReader) -> bool:
    """True for an open connection; bytes that have come by now are taken."""
    with suppress(TimeoutError, asyncio.TimeoutError):
        return bool(await asyncio.wait_for(reader.read(1 << 16), 0.01))
    return True


def test_whoever_keeps_the_server_waiting_is_cut_off_and_whoever_waits_is_not(monkeypatch):
    monkeypatch.setattr(connections, "REQUEST_SECONDS", 0.5)
    monkeypatch.setattr(connections, "TAKE_SECONDS", 0.5)

    async def ask() -> dict[str, float]:
        config = uvicorn.Config(_bounded, lifespan="off", timeout_keep_alive=60)
        config.load()
        loop, state = asyncio.get_running_loop(), ServerState()
        server = await loop.create_server(lambda: BoundedProtocol(config, state, {}), "127.0.0.1", 0)
        async with server:
            port = server.sockets[0].getsockname()[1]
            took = await asyncio.gather(*(_until_closed(kind, port) for kind in SLOW))
            assert not state.connections
        return dict(zip(SLOW, took, strict=True))

    took = asyncio.run(ask())
    answered = {"idle", "next-headers"}  # they wait a second for their answer first
    assert {kind for kind, seconds in took.items() if seconds > 1.4} == answered | {"takes-nothing"}
    assert max(took.values()) < 5


def test_good_callers_are_answered_while_slow_ones_want_more_connections_than_there_are(home):
    """No slow caller is cut off by time within the test, so each good one needs the place of a slow one."""
    slow: list[socket.socket] = []
    patient = "from synthprof.explorer.server import connections\nconnections.REQUEST_SECONDS = 3_600"
    with served(home, files=256, first=patient) as url:
        host, port = urlsplit(url).hostname, urlsplit(url).port
        try:
            for at in range(300):
                slow.append(socket.create_connection((host, port), timeout=200))
                slow[-1].sendall((b"", HEADERS_BEGUN, BODY_BEGUN)[at % 3])
            for _ in range(5):
                with closing(HTTPConnection(host, port, timeout=200)) as caller:
                    caller.request("GET", "/api/datasets")
                    assert caller.getresponse().status == 200
        finally:
            for each in slow:
                each.close()


@pytest.mark.parametrize("descriptors", [64, 256, 1_024, 1 << 20, resource.RLIM_INFINITY])
def test_connections_and_their_files_leave_descriptors_for_the_rest(monkeypatch, descriptors):
    monkeypatch.setattr(resource, "getrlimit", lambda _: (descriptors, descriptors))
    most = connections.most_connections()
    assert 8 <= most <= 400
    if descriptors >= 256:
        assert 2 * most + connections.backlog() + 32 <= descriptors or descriptors < 0


def test_the_longest_question_is_answered(address):
    where = [f"nome!={'😀' * (MAX_CHARACTERS - 6)}"] * MAX_CONDITIONS
    query = urlencode({"text": "😀" * MAX_TEXT, "where": where}, doseq=True)
    with closing(HTTPConnection(*address, timeout=300)) as caller:
        caller.request("GET", f"{ONE}/search?{query}")
        answered = caller.getresponse()
        assert (answered.status, "😀" in json.load(answered)["detail"]) == (422, True)
