"""Encoder `http`: an embedding service that speaks OpenAI's `/v1/embeddings`, one request at a time.

`connection` sends a request, `protocol` reads the answer, `refusals` what an error says of later requests.
`synthprof.encoders.slow.dispatch` decides how to go on after a failure (bad texts, outages, records).
"""

import base64
import functools
import json
import logging
import math
import os
import re
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, NoReturn
from urllib.parse import urlsplit, urlunsplit

import httpx
import numpy as np

from synthprof.base.arrays import Matrix, Vector
from synthprof.base.errors import SpecError, StageError
from synthprof.encoders.slow.connection import Connection, Reply
from synthprof.encoders.slow.contents import Answer, Content, texts_of
from synthprof.encoders.slow.encoder import SlowEncoder
from synthprof.encoders.slow.protocol import NONE, OtherWidth, read_vectors
from synthprof.encoders.slow.redaction import redacted
from synthprof.encoders.slow.refusals import asked_wait, batch_limit
from synthprof.encoders.slow.rejected import Rejected
from synthprof.schemas.loader import TEXT
from synthprof.system.environment import SERVICE_KEY, SERVICE_URL

BUSY_TRIES, FAILED_TRIES = 6, 2
"""Times that the same request is sent: a busy service is asked for longer than one that fails (500)."""

MAX_SHOWN = 200
"""Characters of an answer that a message may quote."""

MAX_READ = 8_192
"""Characters of an answer in which secrets are looked for before the beginning is quoted."""

MAX_PER_VALUE, MAX_AROUND = 64, 1 << 20
"""Bytes of JSON that may stand for one value of a vector, and around all of them."""

NATIVE_WIDTHS = {"text-embedding-3-small": 1_536, "text-embedding-3-large": 3_072}
"""Models that take `dimensions`, and the width that they give without: other models are asked once."""

MAX_WIDTH, WIDE_TEXTS = 4_096, 64
"""Values of a vector whose width is told, and the texts for which an answer of such vectors is read."""

REFUSED_PARAMETER = (400, 404, 422)
"""Codes by which services refuse a parameter that they do not know."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Endpoint:
    """The address of the service. The key is in no repr, so in no log.

    request_seconds: from the beginning of a request to the end of its answer. patience_seconds: of all waits
    while the service is out.
    """

    url: str = field(repr=False)  # may hold a password
    key: str = field(default="", repr=False)
    request_seconds: float = 60.0
    patience_seconds: float = 60.0

    def quoted(self, text: str) -> str:
        """Return the beginning of what the service said, for a message, without key, user and password."""
        return repr(self.redacted(text[:MAX_READ])[:MAX_SHOWN])

    def redacted(self, text: str) -> str:
        """Return the text without key, user and password, however they are written."""
        address = httpx.URL(self.url)
        login = f"{address.username}:{address.password}" if address.userinfo else ""
        basic = base64.b64encode(login.encode()).decode().rstrip("=")
        return redacted(text, (self.key, basic, address.username, address.password))


class HttpEncoder(SlowEncoder):
    """Encoder `http`: requests to a service, whose answers are checked value by value."""

    name = "http"

    def __init__(self, endpoint: Endpoint, model: str, dim: int, *, text_column: str = TEXT) -> None:
        super().__init__(model, dim, endpoint.patience_seconds, text_column=text_column)
        headers = {"Authorization": f"Bearer {endpoint.key}"} if endpoint.key else {}
        self._endpoint = endpoint
        self._connection = Connection(headers, self.stopping)
        self._sends_dimensions = NATIVE_WIDTHS.get(model.rpartition("/")[2], dim) != dim
        self._settled = False

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
        found = [vector for vector in vectors if isinstance(vector, np.ndarray)]
        if len(found) < len(vectors):
            raise StageError("the embedding service gave no finite vector for the text; try another one")
        return np.stack(found) if found else np.zeros((0, self.dim), np.float32)

    def check(self) -> None:
        """Check that the service answers with vectors of the right width.

        One that is there but busy, as while it loads its model, is waited for as long as patience lasts.
        Raises SpecError if it is no such service or its vectors are none or of another width, StageError if
        it fails.
        """

        def tries(error: Rejected) -> float:
            return math.inf if error.busy and error.code else _tries(error, patient=True)

        try:
            if all(self._ask([self.known_good], tries)[0] is None for _ in range(FAILED_TRIES)):
                raise SpecError(
                    "the embedding service gives no list of finite numbers for a good text; set another model"
                )
        except Rejected as error:
            if error.code == 200:
                told = f"{error}; set {SERVICE_URL} to the address of a service, https://host/v1"
                raise SpecError(told) from None
            raise StageError(f"the embedding service failed: {error}; try again") from None

    def ask(self, contents: Sequence[Content], patient: bool = True) -> list[Answer]:
        """Return the vector of each text, None where the answer was not finite or zero.

        Asks again, after the time the service names or one drawn at random, while that pays; not if not
        `patient`, save when the service is busy. Raises Rejected if it keeps failing; SpecError where the
        service refuses the key or does not know the address, and where its vectors have another width.
        """
        return self._ask(contents, lambda error: _tries(error, patient))

    def ask_once(self, contents: Sequence[Content]) -> list[Answer]:
        """Return what `ask` returns, from a single try."""
        began = time.monotonic()
        try:
            found = self._of_right_width(texts_of(contents))
        except Rejected as error:
            if error.busy:  # one that gives no answer has been out since it was asked
                self.patience.failed(time.monotonic() if error.code else began)
            raise
        if any(vector is not None for vector in found):
            self.patience.answered()
        return [*found]

    def __exit__(self, *_: object) -> None:
        """Close the connections; threads that wait for an answer or another try give up."""
        self.stopping.set()
        self._connection.close()

    def _ask(self, contents: Sequence[Content], tries: Callable[[Rejected], float]) -> list[Answer]:
        found: list[Answer] = self.patience.retrying(tries)(self.ask_once, contents)
        return found

    def _of_right_width(self, texts: list[str]) -> "list[Vector | None]":
        """Return the vectors, asked for with `dimensions` where the service takes it and needs it.

        Whether it does shows in the first answer of another width, or for models known to take it in the
        first refusal; it is logged once.
        """
        sends = self._sends_dimensions
        try:
            found = self._request(texts, sends)
        except OtherWidth as error:
            if sends or self._settled:
                self._refuse_width(error.width)
            found = self._with_dimensions(texts, error.width)
        except Rejected as error:
            about_it = len(texts) == 1 or "dimension" in str(error)
            if self._settled or not sends or error.code not in REFUSED_PARAMETER or not about_it:
                raise
            found = self._without_dimensions(texts)
        self._settled = True
        return found

    def _with_dimensions(self, texts: list[str], width: int) -> "list[Vector | None]":
        """Return the vectors of a service that gave another width. Raises SpecError if it always does."""
        try:
            found = self._request(texts, dimensions=True)
        except OtherWidth as error:
            self._refuse_width(error.width)
        except Rejected as error:
            if error.code not in REFUSED_PARAMETER:
                raise
            self._refuse_width(width)
        if not self._sends_dimensions:
            self._sends_dimensions = True
            takes = f"gives {width} values and takes dimensions={self.dim}: they are asked for"
            _say_once(self._endpoint.url, takes)
        return found

    def _without_dimensions(self, texts: list[str]) -> "list[Vector | None]":
        """Return the vectors of a service that has refused a request with `dimensions`."""
        try:
            found = self._request(texts, dimensions=False)
        except OtherWidth as error:
            self._refuse_width(error.width)
        self._sends_dimensions = False
        _say_once(self._endpoint.url, "takes no `dimensions`: they are not sent")
        return found

    def _refuse_width(self, width: int) -> NoReturn:
        raise SpecError(
            f"the embedding service gives {width} values, but dim_embedding={self.dim}; "
            f"set dim_embedding={width} or name another model: this one does not take `dimensions`"
        )

    def _request(self, texts: list[str], dimensions: bool) -> "list[Vector | None]":
        """Return the vectors from one request. Raises Rejected, OtherWidth and SpecError."""
        body = self._body(texts)
        if dimensions:
            body["dimensions"] = self.dim
        most = self._most(len(texts))
        try:
            reply = self._connection.post(self._endpoint.url, body, self._endpoint.request_seconds, most)
        except httpx.InvalidURL:
            raise SpecError(f"{SERVICE_URL} is not the address of a service; write https://host/v1") from None
        except httpx.UnsupportedProtocol:
            raise SpecError(f"{SERVICE_URL} must begin with https:// or http://") from None
        if reply.status != 200:
            self._refuse(reply, texts)
        kind = reply.headers.get("content-type", "nothing").split(";")[0]
        if len(reply.content) > most:
            raise Rejected(200, f"{NONE}, but more than {most} bytes of {kind}")
        try:
            return read_vectors(reply.content, kind, len(texts), self.dim, self._endpoint.quoted)
        except Rejected as error:
            error.limit = batch_limit(str(error), len(texts))
            raise

    def _body(self, texts: list[str]) -> dict[str, Any]:
        """Return what is sent, but for the width."""
        return {"model": self.model, "input": texts}

    def _most(self, count: int) -> int:
        """Return the bytes of an answer for so many texts, at first also for vectors of another width."""
        values = count * self.dim
        if not self._settled:
            values = max(values, min(count, WIDE_TEXTS) * MAX_WIDTH)
        return values * MAX_PER_VALUE + MAX_AROUND

    def _refuse(self, reply: Reply, texts: list[str]) -> NoReturn:
        """Raise what a status other than 200 means."""
        code, whole = reply.status, _text(reply)
        said = self._endpoint.quoted(whole)
        if code == 401 or (code == 403 and texts == [self.known_good]):  # a firewall refuses single texts so
            raise SpecError(f"the embedding service refuses the key ({code}); set {SERVICE_KEY}")
        if code == 407:
            raise SpecError(f"the proxy wants a login ({code}); name it in HTTP_PROXY or HTTPS_PROXY")
        if code in (404, 405) and "dimension" not in whole:
            raise SpecError(
                f"there is no embedding service at that address, or it has no model {self.model!r} "
                f"({code} {said}); set {SERVICE_URL} or model"
            )
        if 300 <= code < 400:
            to = self._endpoint.quoted(reply.headers.get("location", ""))
            raise SpecError(
                f"there is no embedding service at that address ({code}, it moved to {to}); set {SERVICE_URL}"
            )
        parsed = None
        with suppress(ValueError, RecursionError):
            parsed = json.loads(whole)
        error = Rejected(code, f"{code} {said}")
        error.retry_after = asked_wait(reply.headers, parsed, error.busy)
        error.limit = 0 if error.busy else batch_limit(whole[:MAX_READ], len(texts))
        raise error


def endpoint_of(
    environment: "os._Environ[str] | dict[str, str]",
    request_seconds: float = 60.0,
    patience_seconds: float = 60.0,
) -> Endpoint:
    """Return the service named in the environment. Raises SpecError without one or for an invalid key."""
    url = environment.get(SERVICE_URL, "").strip()
    if not url:
        raise SpecError(
            f"encoder=http needs the address of a service; set {SERVICE_URL} (and {SERVICE_KEY} if it wants "
            "a key), or in Airflow the Connection synthprof_embeddings"
        )
    key = environment.get(SERVICE_KEY, "").strip()
    if not (key.isascii() and key.isprintable()):
        raise SpecError(f"{SERVICE_KEY} has characters that cannot be sent; copy the key once more")
    return Endpoint(_completed(url), key, request_seconds, patience_seconds)


def _completed(url: str) -> str:
    """Return the address with the path of the embeddings, where it has only what comes before.

    `/v1`, another version and `/openai` come before `/embeddings`; anything else before `/v1/embeddings`.
    """
    try:
        parts = urlsplit(url)
    except ValueError:  # told when it is used
        return url
    path = parts.path.rstrip("/")
    if not path.endswith(("/embeddings", "/embed")):
        path += "/embeddings" if re.search(r"/(v\d\w*|openai)$", path) else "/v1/embeddings"
    return urlunsplit(parts._replace(path=path, fragment=""))


def _text(reply: Reply) -> str:
    """Return the content as text, in the encoding that its headers name, else as UTF-8."""
    found = re.search(r"charset=\"?([\w.:-]+)", reply.headers.get("content-type", ""))
    with suppress(LookupError):
        return reply.content.decode(found[1] if found else "utf-8", errors="replace")
    return reply.content.decode(errors="replace")


@functools.lru_cache(maxsize=256)
def _say_once(_url: str, what: str) -> None:
    """Log what the service at an address does, once in this process: several stages find it out."""
    logger.warning("the embedding service %s", what)


def _tries(error: Rejected, patient: bool) -> int:
    if error.busy:
        return BUSY_TRIES
    return FAILED_TRIES if patient and (error.code == 424 or error.code >= 500) else 1
