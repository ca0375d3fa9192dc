"""Requests relayed to the worker, and its answers as HTTP responses."""

from typing import Any

from fastapi import Request
from fastapi.responses import Response

from synthprof.explorer.server.process import Worker
from synthprof.explorer.wire import Answer, Lane, Name

READ_HERE = ("datasets", "report", "picture", "thumbnail")
"""Questions whose answers the server reads or completes, so that they must not be compressed."""


async def relay(request: Request, name: Name, lane: Lane = "look", **arguments: Any) -> Response:  # noqa: ANN401
    """Return the worker's answer as the response."""
    return response_of(await ask(request, name, lane, **arguments))


async def ask(request: Request, name: Name, lane: Lane = "look", **arguments: Any) -> Answer:  # noqa: ANN401
    """Return the worker's answer, compressed if the caller takes gzip."""
    worker: Worker = request.app.state.worker
    compress = name not in READ_HERE and "gzip" in request.headers.get("accept-encoding", "")
    return await worker.ask(name, lane, compress, **arguments)


def response_of(answer: Answer, before: bytes = b"", after: bytes = b"") -> Response:
    """Return the answer as a response; `before` and `after` enclose the body of one with status 200."""
    headers = {"Content-Encoding": "gzip", "Vary": "Accept-Encoding"} if answer.compressed else {}
    if answer.status in (429, 503):
        headers["Retry-After"] = "1"
    body = answer.body if answer.status != 200 else before + answer.body + after
    return Response(body, answer.status, headers, "application/json")
