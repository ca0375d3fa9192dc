"""Encoder `http`: an embedding service that speaks OpenAI's `/v1/embeddings`, one request at a time.

Answers are checked value by value, since servers answer 200 with nulls where a vector was not finite.
`synthprof.encoders.slow.dispatch` decides how to go on after a failure (bad texts, outages, records).
"""

import base64
import email.utils
import json
import math
import os
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import httpx
import numpy as np
import tenacity

from synthprof.base.arrays import Matrix, Vector
from synthprof.base.errors import SpecError, StageError
from synthprof.encoders.slow.encoder import KNOWN_GOOD, Rejected, SlowEncoder
from synthprof.system.environment import SERVICE_KEY, SERVICE_URL, THIS_MACHINE

CONNECT_SECONDS = 10.0
BUSY_TRIES, FAILED_TRIES = 6, 2
"""Times that the same request is sent: a busy service is asked for longer than one that fails (500)."""

MAX_WAIT_SECONDS, MAX_ASKED_WAIT_SECONDS = 20.0, 300.0
MAX_SHOWN = 200
"""Characters of an answer that a message may quote."""

MAX_PER_VALUE, MAX_AROUND = 64, 1 << 20
"""Bytes of JSON that may stand for one value of a vector, and around all of them."""


@dataclass(frozen=True)
class Endpoint:
    """The address of the service. The key is in no repr, so in no log."""

    url: str = field(repr=False)  # may hold a password
    key: str = field(default="", repr=False)
    request_seconds: float = 60.0

    def redacted(self, text: str) -> str:
        """Return the text without key, user and password, plain or as headers, JSON and addresses have them.

        Services and gateways echo requests in what they say of an error, which is told and published.
        """
        address = httpx.URL(self.url)
        login = f"{address.username}:{address.password}" if address.userinfo else ""
        basic = base64.b64encode(login.encode()).decode().rstrip("=")
        secrets = (self.key, basic, address.username, address.password)
        written = {form for secret in secrets for form in _written(secret)}
        for form in sorted(written - {""}, key=len, reverse=True):
            text = text.replace(form, "…")
        return text


class HttpEncoder(SlowEncoder):
    """Encoder `http`: requests to a service, whose answers are checked value by value."""

    name = "http"

    def __init__(self, endpoint: Endpoint, model: str, dim: int) -> None:
        super().__init__(model, dim)
        headers = {"Authorization": f"Bearer {endpoint.key}"} if endpoint.key else {}
        timeout = httpx.Timeout(endpoint.request_seconds, connect=CONNECT_SECONDS)
        self._endpoint = endpoint
        try:
            self._client = httpx.Client(headers=headers, timeout=timeout, mounts=THIS_MACHINE)
        except ValueError as error:
            raise SpecError(
                f"the environment names a proxy that cannot be used ({error}); mend HTTP_PROXY, HTTPS_PROXY "
                "or ALL_PROXY"
            ) from None

    @property
    def identity(self) -> str:
        """The service's model and width, on which an embedding depends besides its text."""
        return f"http {self.model} {self.dim}"

    def encode_text(self, texts: Sequence[str]) -> Matrix:
        """Return one vector per text, (n, dim) float32 with L2 norm 1. Raises StageError if one fails."""
        try:
            vectors = self.ask(texts)
        except Rejected as error:
            raise StageError(f"the embedding service failed: {error}; try again") from None
        found = [vector for vector in vectors if vector is not None]
        if len(found) < len(vectors):
            raise StageError("the embedding service gave no finite vector for the text; try another one")
        return np.stack(found) if found else np.zeros((0, self.dim), np.float32)

    def check(self) -> None:
        """Check that the service answers with vectors of the right width.

        Raises SpecError if it is no such service or its vectors are none or of another width, StageError if
        it fails.
        """
        try:
            if all(self.ask([KNOWN_GOOD])[0] is None for _ in range(FAILED_TRIES)):
                raise SpecError(
                    "the embedding service gives no list of finite numbers for a good text; set another model"
                )
        except Rejected as error:
            if error.code == 200:
                told = f"{error}; set {SERVICE_URL} to the address of a service, https://host/v1"
                raise SpecError(told) from None
            raise StageError(f"the embedding service failed: {error}; try again") from None

    def ask(self, texts: Sequence[str], patient: bool = True) -> "list[Vector | None]":
        """Return the vector of each text, None where the answer was not finite or zero.

        Asks again, after the time the service names or one drawn at random, while that pays; not if not
        `patient`, save when the service is busy. Raises Rejected if it keeps failing; SpecError where the
        service refuses the key or does not know the address, and where its vectors have another width.
        """
        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(Rejected),
            stop=lambda state: self.stopping.is_set() or state.attempt_number >= _tries(state, patient),
            wait=_wait,
            sleep=lambda seconds: _sleep(self.stopping, seconds),
            reraise=True,
        )
        found: list[Vector | None] = retrying(self.ask_once, list(texts))
        return found

    def __exit__(self, *_: object) -> None:
        """Close the connections; threads that wait for another try give up."""
        self.stopping.set()
        self._client.close()

    def ask_once(self, texts: Sequence[str]) -> "list[Vector | None]":
        """Return what `ask` returns, from a single request."""
        try:
            answer, content = self._post({"model": self.model, "input": list(texts)}, self._most(len(texts)))
        except httpx.InvalidURL:
            raise SpecError(f"{SERVICE_URL} is not the address of a service; write https://host/v1") from None
        except httpx.UnsupportedProtocol:
            raise SpecError(f"{SERVICE_URL} must begin with https:// or http://") from None
        except httpx.RequestError as error:  # its text may hold the address: only its kind is told
            raise Rejected(0, f"no answer ({type(error).__name__})") from None
        self._check_status(answer, content, list(texts))
        kind = answer.headers.get("content-type", "nothing").split(";")[0]
        if len(content) > self._most(len(texts)):
            kind = f"more than {self._most(len(texts))} bytes of {kind}"
        return _vectors(content, kind, len(texts), self.dim)

    def _post(self, body: dict[str, Any], most: int) -> tuple[httpx.Response, bytes]:
        """Return the answer and its unpacked content, of which only the beginning beyond `most` bytes.

        The client's timeout is that of each read; all of them together have as long.
        """
        content, give_up = bytearray(), time.monotonic() + self._endpoint.request_seconds
        with self._client.stream("POST", self._endpoint.url, json=body) as answer:
            for chunk in answer.iter_bytes():
                content += chunk
                if len(content) > most:
                    break
                if time.monotonic() > give_up:
                    raise httpx.ReadTimeout("the answer does not end", request=answer.request)
        return answer, bytes(content)

    def _most(self, count: int) -> int:
        return count * self.dim * MAX_PER_VALUE + MAX_AROUND

    def _check_status(self, answer: httpx.Response, content: bytes, texts: list[str]) -> None:
        code = answer.status_code
        if code == 200:
            return
        said = repr(self._endpoint.redacted(content.decode(errors="replace"))[:MAX_SHOWN])
        if code == 401 or (code == 403 and texts == [KNOWN_GOOD]):  # a firewall refuses single texts so
            raise SpecError(f"the embedding service refuses the key ({code}); set {SERVICE_KEY}")
        if code in (404, 405):
            raise SpecError(
                f"there is no embedding service at that address, or it has no model {self.model!r} "
                f"({code} {said}); set {SERVICE_URL} or model"
            )
        if 300 <= code < 400:
            raise SpecError(f"there is no embedding service at that address ({code}); set {SERVICE_URL}")
        raise Rejected(code, f"{code} {said}", _retry_after(answer))


def endpoint_of(environment: "os._Environ[str] | dict[str, str]", request_seconds: float = 60.0) -> Endpoint:
    """Return the service named in the environment. Raises SpecError without one or for an invalid key."""
    url = environment.get(SERVICE_URL, "").strip().rstrip("/")
    if not url:
        raise SpecError(
            f"encoder=http needs the address of a service; set {SERVICE_URL} (and {SERVICE_KEY} if it wants "
            "a key), or in Airflow the Connection synthprof_embeddings"
        )
    if not url.endswith("/embeddings"):
        url += "/embeddings" if url.endswith("/v1") else "/v1/embeddings"
    key = environment.get(SERVICE_KEY, "").strip()
    if not (key.isascii() and key.isprintable()):
        raise SpecError(f"{SERVICE_KEY} has characters that cannot be sent; copy the key once more")
    return Endpoint(url, key, request_seconds)


def _written(secret: str) -> tuple[str, ...]:
    """Return the spellings of a secret: plain, and as addresses and JSON have it."""
    escaped = json.dumps(secret)[1:-1]
    return secret, quote(secret, safe=""), escaped, escaped.replace("/", "\\/")


def _tries(state: tenacity.RetryCallState, patient: bool) -> int:
    error = state.outcome.exception() if state.outcome else None
    assert isinstance(error, Rejected)
    if error.busy:
        return BUSY_TRIES
    return FAILED_TRIES if patient and (error.code == 424 or error.code >= 500) else 1


def _sleep(stopping: threading.Event, seconds: float) -> None:
    stopping.wait(seconds)


def _wait(state: tenacity.RetryCallState) -> float:
    """Return the seconds to wait: full jitter (AWS Architecture Blog, 2015), at least what was asked for."""
    jitter = tenacity.wait_random_exponential(multiplier=0.5, max=MAX_WAIT_SECONDS)(state)
    error = state.outcome.exception() if state.outcome else None
    assert isinstance(error, Rejected)
    return float(max(jitter, error.retry_after))


def _retry_after(answer: httpx.Response) -> float:
    """Return the seconds of the header Retry-After, which is a number or a date; 0 without it."""
    value = answer.headers.get("Retry-After", "")
    try:
        seconds = float(value)
    except ValueError:
        try:
            seconds = email.utils.parsedate_to_datetime(value).timestamp() - time.time()
        except (TypeError, ValueError):
            return 0.0
    return min(max(seconds, 0.0), MAX_ASKED_WAIT_SECONDS) if math.isfinite(seconds) else 0.0


def _vectors(content: bytes, kind: str, count: int, dim: int) -> "list[Vector | None]":
    """Return the vectors in the order of the texts, independent of their order in the answer.

    kind: what the content is called where it is none of an embedding service.
    """
    try:
        items = json.loads(content)["data"]
        by_index = {item["index"]: item["embedding"] for item in items}
    except (ValueError, KeyError, TypeError, RecursionError):
        raise Rejected(200, f"the answer is not one of an embedding service, but {kind}") from None
    if len(items) != count or set(by_index) != set(range(count)):
        raise Rejected(500, f"{len(items)} embeddings for {count} texts")
    return [_vector(by_index[index], dim) for index in range(count)]


def _vector(values: Any, dim: int) -> "Vector | None":  # noqa: ANN401
    """Return the vector as float32 of norm 1, None if not finite or zero. Raises SpecError for its width."""
    if not isinstance(values, list):
        return None
    if len(values) != dim:
        raise SpecError(
            f"the embedding service gives {len(values)} values, but dim_embedding={dim}; "
            f"set dim_embedding={len(values)} or name another model"
        )
    if not all(isinstance(value, int | float) for value in values):  # null stands for NaN in JSON
        return None
    try:
        wide = np.array(values, np.float64)
    except OverflowError:  # a whole number of hundreds of digits
        return None
    norm = float(np.sqrt(wide @ wide))
    return (wide / norm).astype(np.float32) if math.isfinite(norm) and norm > 0 else None
