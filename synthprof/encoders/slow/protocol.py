"""The answers of embedding services: OpenAI's protocol, and the shapes of others where there is no doubt.

Taken are, for n texts, n vectors under `data` or `embeddings`, or as the whole answer: each a list of
numbers, OpenAI's base64, or an object with one of both. Values are checked one by one, since servers
answer 200 with nulls where a vector was not finite.
"""

import base64
import binascii
import json
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from synthprof.base.arrays import Vector
from synthprof.encoders.slow.rejected import Rejected

EXPECTED = '{"data": [{"index": 0, "embedding": [0.1, ...]}, ...]}'

NONE = "the answer is not one of an embedding service"

LISTS = ("data", "embeddings", "vectors", "output", "predictions", "results", "float")
"""Keys of the list of vectors, or of an object with one: OpenAI, Ollama, Cohere, DashScope, Vertex."""

VECTORS = ("embedding", "values", "vector", "embeddings", "dense_embedding")
INDEXES = ("index", "text_index")
ERRORS = ("error", "errors", "detail", "message", "error_message")
NOT_FINITE = ("nan", "inf", "infinity")

Quote = Callable[[str], str]
"""Shortens what a service said, and takes the secrets out."""


class OtherWidth(Exception):
    """The vectors have another number of values than wished."""

    def __init__(self, width: int) -> None:
        super().__init__(f"{width} values")
        self.width = width


def read_vectors(content: bytes, kind: str, count: int, dim: int, quote: Quote) -> "list[Vector | None]":
    """Return the vectors in the order of the texts, as float32 of norm 1, None for one not finite or zero.

    kind: what the content is called where it is none of an embedding service. Raises Rejected for such, for
    an error, and where vectors are missing, too many or not in a clear order; OtherWidth for a vector's.
    """
    try:
        answer = json.loads(content)
    except (ValueError, RecursionError):
        raise _none(content, kind, quote) from None
    items = _items(answer, count)
    if not items:
        _check_no_error(answer, quote)
    if items is None:
        raise _none(content, kind, quote)
    try:
        return [_vector(values, dim) for values in _in_order(items, count)]
    except _NoVector:
        raise _none(content, kind, quote) from None


class _NoVector(Exception):
    """A value that no vector of numbers is."""


def _none(content: bytes, kind: str, quote: Quote) -> Rejected:
    said = quote(content.decode(errors="replace")) if content.strip() else "an empty answer"
    return Rejected(200, f"{NONE}, but {kind}: {said}; expected was {EXPECTED}")


def _check_no_error(answer: Any, quote: Quote) -> None:  # noqa: ANN401
    """Raise Rejected for an error under the status 200, with its own code where it has one of HTTP."""
    if not isinstance(answer, dict):
        return
    said = next((answer[name] for name in ERRORS if answer.get(name)), None)
    if said is None and answer.get("object") != "error":
        return
    inner = said if isinstance(said, dict) else {}
    codes = [each.get(name) for each in (inner, answer) for name in ("code", "status", "status_code")]
    code = next((each for each in codes if isinstance(each, int) and 400 <= each < 600), 200)
    whole = (
        said if isinstance(said, str) else json.dumps(answer if said is None else said, ensure_ascii=False)
    )
    raise Rejected(code, f"an error in place of embeddings: {quote(whole)}")


def _items(answer: Any, count: int) -> list[Any] | None:  # noqa: ANN401
    """Return the list of vectors, or of objects with one each; None where there is no such list."""
    while isinstance(answer, dict):
        if isinstance(answer.get("embedding"), list | str | dict) and count == 1:
            return [answer]
        answer = next((answer[name] for name in LISTS if isinstance(answer.get(name), list | dict)), None)
    if not isinstance(answer, list):
        return None
    flat = bool(answer) and all(isinstance(value, int | float) for value in answer)
    return [answer] if flat and count == 1 else answer


def _in_order(items: list[Any], count: int) -> list[Any]:
    """Return what stands for each vector, in the order of the texts: by `index`, or as they come without it.

    Raises Rejected where their number or their indexes are not those of the texts.
    """
    if len(items) != count:
        told = f"{len(items)} embeddings for {count} texts"
        raise Rejected(500, told, partial=len(items) < count)
    indexes = [_first(item, INDEXES) for item in items]
    if all(index is None for index in indexes):
        return [_values(item) for item in items]
    by_index = dict(zip(_whole(indexes), items, strict=True))
    if by_index.keys() != set(range(count)):
        missing = next(index for index in range(count) if index not in by_index)
        known = [index for index in indexes if isinstance(index, int)]
        twice = next((index for index in known if known.count(index) > 1), None)
        odd = f"twice index {twice}" if twice is not None else f"index {max(known)} or below 0"
        raise Rejected(500, f"{odd}, and none for index {missing}, among embeddings for {count} texts")
    return [_values(by_index[index]) for index in range(count)]


def _whole(indexes: list[Any]) -> list[int]:
    """Return the indexes. Raises Rejected if one of them is not a whole number."""
    for place, index in enumerate(indexes):
        if not isinstance(index, int) or isinstance(index, bool):
            raise Rejected(
                500, f"embedding {place} has the index {str(index)[:20]!r}, which is no whole number"
            )
    return indexes


def _first(item: Any, names: Sequence[str]) -> Any:  # noqa: ANN401
    """Return the value of the first of these keys that an object has, None without one."""
    return next((item[name] for name in names if name in item), None) if isinstance(item, dict) else None


def _values(item: Any) -> Any:  # noqa: ANN401
    """Return the vector of an item, out of objects and lists of one list around it."""
    while isinstance(item, dict):
        item = _first(item, VECTORS)
    while isinstance(item, list) and len(item) == 1 and isinstance(item[0], list):
        item = item[0]
    return item


def _vector(values: Any, dim: int) -> "Vector | None":  # noqa: ANN401
    """Return the vector as float32 of norm 1, None if not finite or zero. Raises OtherWidth."""
    if values is None:
        return None
    wide = _of_base64(values) if isinstance(values, str) else _of_list(values)
    if len(wide) != dim:
        raise OtherWidth(len(wide))
    with np.errstate(over="ignore"):
        norm = math.sqrt(float(wide @ wide)) if np.isfinite(wide).all() else 0.0
    return (wide / norm).astype(np.float32) if math.isfinite(norm) and norm > 0 else None


def _of_base64(text: str) -> "np.ndarray[Any, np.dtype[np.float64]]":
    """Return the values of `encoding_format=base64`: float32, little-endian."""
    try:
        octets = base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error):
        raise _NoVector from None
    if not octets or len(octets) % 4:
        raise _NoVector
    return np.frombuffer(octets, "<f4").astype(np.float64)


def _of_list(values: Any) -> "np.ndarray[Any, np.dtype[np.float64]]":  # noqa: ANN401
    """Return the values of a list; null and the names of values that are not finite stand for NaN."""
    if not isinstance(values, list) or not values:
        raise _NoVector
    try:
        return np.array([value if type(value) is float else _number(value) for value in values], np.float64)
    except OverflowError:  # a whole number of hundreds of digits
        return np.full(len(values), np.nan)


def _number(value: Any) -> float:  # noqa: ANN401
    if value is None or (isinstance(value, str) and value.strip("+-").lower() in NOT_FINITE):
        return math.nan
    if not isinstance(value, int) or isinstance(value, bool):
        raise _NoVector
    return float(value)
