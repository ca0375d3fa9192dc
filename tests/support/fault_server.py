"""An embedding service that fails on purpose, as real ones do: a small FastAPI application for tests.

    python tests/fault_server.py --port 8181 --busy 0.05 --error 0.02 --null 0.01

A text's vector follows from the text alone, a picture's from its pixels. A text with "veneno" in it (0.1 % of
`poisoned`) fails every batch that it is in. Pictures are taken as data URLs with a modality ("urls"), as
Jina's "objects", or not at all (""): then they are texts. GET /told says how many requests came and which
texts were answered how often.
"""

import argparse
import base64
import gzip
import hashlib
import io
import json
import random
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import numpy as np
import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response
from PIL import Image

POISON = "veneno"

PICTURE = "picture:"
"""Begin of a picture, in base64, among what was asked."""


@dataclass
class Faults:
    """Shares of requests that fail, and how; what the server has seen."""

    dim: int = 32
    busy: float = 0.0
    error: float = 0.0
    null: float = 0.0
    seed: int = 1
    seconds: float = 0.0
    out_from: int = 0
    out_seconds: float = 0.0
    out_code: int = 503
    limit: int = 0
    refusal: str = ""
    poison_code: int = 500
    takes_dimensions: bool | None = None
    bad_requests: frozenset[int] = frozenset()
    bad_code: int = 500
    retry_after: str = "0.01"
    mode: str = ""
    pictures: str = "urls"
    key: str = ""
    requests: int = 0
    asked: Counter[str] = field(default_factory=Counter)
    answered: Counter[str] = field(default_factory=Counter)
    modalities: set[str] = field(default_factory=set)
    began_out: float = 0.0
    lock: Any = field(default_factory=threading.Lock)


_ODD_ANSWERS = {
    "html": HTMLResponse("<html>Welcome</html>"),
    "deep": Response("[" * 200_000, media_type="application/json"),
    "bomb": Response(
        gzip.compress(b" " * (1 << 24)), media_type="application/json", headers={"Content-Encoding": "gzip"}
    ),
    "moved": Response("", 307, {"Location": "https://elsewhere/v1/embeddings"}),
    "refused": Response("não entendi".encode("latin-1"), 400, media_type="text/plain; charset=latin-1"),
    "no model": JSONResponse({"error": {"code": "model_not_found"}}, 404),
}
"""Answers without a vector, by mode."""


def vector(text: str, dim: int) -> list[float]:
    """Values that follow from the text, or from the pixels of the picture."""
    said = pixels_of(text) if text.startswith(PICTURE) else text.encode()
    seed = int.from_bytes(hashlib.blake2b(said, digest_size=8).digest(), "big")
    return np.random.default_rng(seed).standard_normal(dim).round(6).tolist()


def make_app(faults: Faults) -> FastAPI:
    """The application; `faults` may be changed while it runs."""
    app = FastAPI()
    chance = random.Random(faults.seed)

    @app.get("/told")
    def told() -> dict[str, Any]:
        return {"requests": faults.requests, "asked": faults.asked.total(), "answered": faults.answered}

    @app.post("/v1/embeddings")
    async def embeddings(request: Request) -> Response:
        body = await request.json()
        if faults.key and request.headers.get("authorization") != f"Bearer {faults.key}":
            return JSONResponse({"error": "no such key"}, 401)
        if faults.mode.startswith("echo"):
            return _echo(request, faults.mode)
        with faults.lock:
            faults.requests += 1
            number = faults.requests
            draw = chance.random()
        try:
            texts = _contents(body, faults.pictures)
        except ValueError as error:
            return JSONResponse({"detail": str(error)}, 422)
        with faults.lock:
            faults.asked.update(texts)
            faults.modalities |= {"image" if text.startswith(PICTURE) else "text" for text in texts}
        if faults.seconds:
            time.sleep(faults.seconds)
        if "dimensions" in body and faults.takes_dimensions is False:
            return JSONResponse({"error": "this model does not support dimensions"}, 400)
        dim = body.get("dimensions", faults.dim) if faults.takes_dimensions else faults.dim
        return _answer(faults, texts, dim, -1 if number in faults.bad_requests else draw)

    return app


def _contents(body: dict[str, Any], pictures: str) -> list[str]:
    """Inputs to be embedded: texts, and pictures as `PICTURE` with base64. ValueError for another form."""
    found = []
    for each in body["input"]:
        if isinstance(each, dict) and pictures == "objects" and len(each) == 1:
            found.append(each["text"] if "text" in each else f"{PICTURE}{each['image']}")
        elif not isinstance(each, str):
            raise ValueError("input: should be a valid string")
        elif pictures == "urls" and body.get("modality") == "image":
            found.append(f"{PICTURE}{each.partition(',')[2]}")
        else:
            found.append(each)
    return found


def pixels_of(text: str) -> bytes:
    """The pixels of a picture that was sent."""
    image = Image.open(io.BytesIO(base64.b64decode(text.removeprefix(PICTURE), validate=True)))
    return repr((image.size, image.mode)).encode() + image.tobytes()


def _echo(request: Request, mode: str) -> Response:
    """The request's headers, as gateways quote them in errors: as JSON, or as an address for the log."""
    said = {"authorization": request.headers.get("authorization", "")}
    if mode == "echo":
        return JSONResponse({"error": said}, 400)
    if mode == "echo in base64":
        return Response(base64.b64encode(json.dumps(said).encode()), 400)
    escaped = json.dumps(said).replace("/", "\\/")
    return Response(f"see /log?{urlencode(said)} {escaped}", 400)


def _answer(faults: Faults, texts: list[str], dim: int, draw: float) -> Response:
    if _is_out(faults):
        return JSONResponse({"error": "out"}, faults.out_code)
    if faults.mode in _ODD_ANSWERS:
        return _ODD_ANSWERS[faults.mode]
    if 0 <= draw < faults.busy or (draw < 0 and faults.bad_code == 429):
        return JSONResponse({"error": "too many"}, 429, {"Retry-After": faults.retry_after})
    if refusal := _refusal(faults, texts, draw):
        return refusal
    data = [{"index": i, "embedding": vector(text, dim)} for i, text in enumerate(texts)]
    bad = len(texts) // 2 if draw < faults.busy + faults.error + faults.null else -1
    if bad >= 0:
        data[bad]["embedding"] = [None] * dim
    with faults.lock:
        faults.answered.update(text for i, text in enumerate(texts) if i != bad)
    return JSONResponse({"object": "list", "data": _odd(data, faults.mode, faults.limit), "model": "faulty"})


def _refusal(faults: Faults, texts: list[str], draw: float) -> Response | None:
    if faults.limit and len(texts) > faults.limit and faults.refusal:
        return Response(faults.refusal.format(count=len(texts), limit=faults.limit), 413)
    if any(POISON in text for text in texts):
        if faults.mode == "firewall":
            return HTMLResponse("<html>Blocked</html>", 403)
        return JSONResponse({"error": "internal"}, faults.poison_code)
    return JSONResponse({"error": "internal"}, 500) if _fails(faults, draw) else None


def _fails(faults: Faults, draw: float) -> bool:
    return faults.bad_code == 500 if draw < 0 else draw < faults.busy + faults.error


def _odd(data: list[Any], mode: str, limit: int) -> list[Any]:
    """The answer as a server gives it that has the protocol slightly wrong."""
    if mode == "shuffled":
        random.Random(5).shuffle(data)
    if mode == "zero":
        data[0]["embedding"] = [0.0] * len(data[0]["embedding"])
    if mode == "huge":
        data[0]["embedding"][0] = 10**400
    if mode == "text in place":
        data[0]["embedding"] = "AAAA"
    if mode == "text":
        data[0]["index"] = "0"
    return data[:-1] if mode == "short" else data[: limit or None]


def _is_out(faults: Faults) -> bool:
    if not faults.out_seconds or faults.requests < faults.out_from:
        return False
    faults.began_out = faults.began_out or time.monotonic()
    return time.monotonic() < faults.began_out + faults.out_seconds


@contextmanager
def serving(faults: Faults) -> Iterator[str]:
    """The address of a server in a thread of this process."""
    config = uvicorn.Config(make_app(faults), port=0, log_level="error", lifespan="off", ws="none")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/v1"
    finally:
        server.should_exit = True
        thread.join()


@contextmanager
def answering(answer: Callable[[socket.socket], None]) -> Iterator[str]:
    """The address of a server that answers each connection as the function does: not always by HTTP."""
    done = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while not done.is_set():
                connection, _ = server.accept()
                with connection, suppress(OSError):
                    if not done.is_set():
                        answer(connection)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        address = server.getsockname()
        try:
            yield f"http://127.0.0.1:{address[1]}/v1"
        finally:
            done.set()
            socket.create_connection(address).close()
            thread.join()


def request_of(connection: socket.socket) -> bytes:
    """A request as it came: a server that closes before it has read one resets the connection."""
    said = b""
    while b"\r\n\r\n" not in said:
        said += connection.recv(65_536)
    head, _, body = said.partition(b"\r\n\r\n")
    length = next(
        (int(line[15:]) for line in head.lower().split(b"\r\n") if line[:15] == b"content-length:"), 0
    )
    while len(body) < length:
        body += connection.recv(65_536)
    return body


def main() -> None:
    """Serve until killed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    for name in ("busy", "error", "null"):
        parser.add_argument(f"--{name}", type=float, default=0.0)
    options = vars(parser.parse_args())
    port = options.pop("port")
    uvicorn.run(make_app(Faults(**options)), port=port, log_level="warning", ws="none")


if __name__ == "__main__":
    main()
