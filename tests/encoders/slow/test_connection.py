"""An answer has one deadline and one maximum, however a server gives it."""

import gzip
import json
import socket
import threading
import time
from collections.abc import Callable

import httpx
import pytest
from fault_server import answering, request_of

from synthprof.encoders.slow.connection import Connection, Reply
from synthprof.encoders.slow.rejected import Rejected

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
MOST = 10_000

Answer = Callable[[socket.socket], None]


def _ask(answer: Answer, seconds: float = 0.4, scheme: str = "http") -> Reply:
    connection = Connection({}, threading.Event())
    with answering(answer) as url:
        try:
            return connection.post(url.replace("http", scheme, 1), {"input": ["a"]}, seconds, MOST)
        finally:
            connection.close()


def _saying(*parts: bytes, pause: float = 0.0) -> Answer:
    def answer(connection: socket.socket) -> None:
        request_of(connection)
        for part in parts:
            connection.sendall(part)
            time.sleep(pause)

    return answer


def _dripping(text: bytes) -> Answer:
    return _saying(*(text[at : at + 1] for at in range(len(text))), pause=0.02)


def _held(text: bytes) -> Answer:
    def answer(connection: socket.socket) -> None:
        request_of(connection)
        connection.sendall(text)
        connection.settimeout(6)
        connection.recv(65_536)  # until the client ends it

    return answer


@pytest.mark.parametrize(
    ("answer", "scheme"),
    [
        (_dripping(HEAD + b"X-Odd: " + b"x" * 200), "http"),
        (_dripping(HEAD + b"Content-Length: 200\r\n\r\n" + b" " * 200), "http"),
        (_held(b""), "http"),
        (_held(b"HTTP/1.1 100 Continue\r\n\r\n"), "http"),
        (_held(HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\n[]\r\n"), "http"),
        (_held(HEAD + b"Content-Length: 3\r\n\r\n[]"), "http"),
    ],
    ids=["headers", "content", "nothing", "continue", "chunks without end", "too short"],
)
def test_what_is_not_whole_at_the_deadline_is_no_answer(answer: Answer, scheme: str) -> None:
    began = time.monotonic()
    with pytest.raises(Rejected, match=r"no answer .it was not whole within 0\.4 s") as caught:
        _ask(answer, scheme=scheme)
    assert 0.4 <= time.monotonic() - began < 4
    assert caught.value.busy


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (_saying(HEAD + b"Content-Length: 30\r\n\r\n[]"), "ended before the answer was whole"),
        (_saying(HEAD + b"Transfer-Encoding: chunked\r\n\r\n9\r\n[]"), "ended before the answer was whole"),
        (_saying(), "ended before the answer was whole|broke"),
        (_saying(b"SSH-2.0-OpenSSH_9.2\r\n"), "or it is no HTTP"),
        (_saying(HEAD + b"Content-Encoding: gzip\r\n\r\nnot so"), "cannot be unpacked"),
        (_saying(HEAD + b"Content-Encoding: br\r\n\r\nnot so"), "packed as 'br', though gzip was asked for"),
    ],
)
def test_what_breaks_is_no_answer_and_says_why(answer: Answer, message: str) -> None:
    with pytest.raises(Rejected, match=f"no answer .*({message})") as caught:
        _ask(answer, 5)
    assert caught.value.busy


def test_nobody_there_and_no_address_are_told_apart() -> None:
    connection = Connection({}, threading.Event())
    try:
        with pytest.raises(Rejected, match=r"no answer .no connection"):
            connection.post("http://127.0.0.1:9/v1", {}, 5, MOST)
        with pytest.raises(httpx.UnsupportedProtocol):
            connection.post("localhost:80/v1", {}, 5, MOST)
    finally:
        connection.close()


def test_a_handshake_that_does_not_end_is_given_up() -> None:
    began = time.monotonic()
    with pytest.raises(Rejected, match=r"no answer .no connection in time"):
        _ask(lambda connection: connection.recv(65_536) and connection.recv(1), scheme="https")
    assert time.monotonic() - began < 4


@pytest.mark.parametrize("version", [b"HTTP/1.0", b"HTTP/1.1"])
@pytest.mark.parametrize("packed", [False, True])
def test_an_answer_that_ends_with_the_connection_is_whole_also_packed(version: bytes, packed: bool) -> None:
    text = json.dumps(["é"] * 100).encode()
    head = version + b" 200 OK\r\n" + (b"Content-Encoding: gzip\r\n" if packed else b"") + b"\r\n"
    assert _ask(_saying(head, gzip.compress(text) if packed else text), 5).content == text


@pytest.mark.parametrize("packed", [False, True])
def test_of_too_long_an_answer_the_beginning_is_read(packed: bool) -> None:
    text = b" " * 10_000_000
    head = HEAD + (b"Content-Encoding: gzip\r\n\r\n" if packed else b"\r\n")
    reply = _ask(_saying(head, gzip.compress(text) if packed else text), 5)
    assert len(reply.content) <= MOST + 65_536
    assert len(reply.content) > MOST


def test_the_end_of_the_work_is_not_held_up_by_an_answer() -> None:
    stopping = threading.Event()
    connection = Connection({}, stopping)
    threading.Timer(0.2, stopping.set).start()
    began = time.monotonic()
    with answering(_held(b"")) as url, pytest.raises(Rejected, match="as the work ends"):
        try:
            connection.post(url, {}, 60, MOST)
        finally:
            connection.close()
    with pytest.raises(Rejected, match="not asked"):
        connection.post(url, {}, 60, MOST)
    assert time.monotonic() - began < 4
