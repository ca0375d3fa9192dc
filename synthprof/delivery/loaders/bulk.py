"""The bulk path of Elasticsearch and OpenSearch: NDJSON, partial errors, and requests to slow down."""

import json
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from synthprof.base.errors import SpecError, StageError
from synthprof.base.units import MIB
from synthprof.delivery.loaders.address import Address
from synthprof.delivery.loaders.plain import columns_of, without_nulls
from synthprof.delivery.loaders.target import Layout

PART_BYTES = 5 * MIB
"""Bytes of one request: both documentations name 5 to 15 MiB as a good size."""

THREADS = 4
"""Requests under way at once."""

ATTEMPTS = 8
FIRST_PAUSE_SECONDS, MAX_PAUSE_SECONDS = 0.5, 30.0
"""Of waiting when the server asks to slow down (429); each pause is twice the one before."""

TOO_MANY = 429

Ask = Callable[[str, str, Any], tuple[int, Any]]
"""Sends method, path and body (bytes are NDJSON, else JSON); returns the status and what JSON came back."""


@dataclass(frozen=True)
class Lines:
    """The lines of some rows: for each an action and a document, both with their line ends."""

    rows: tuple[bytes, ...]

    @property
    def body(self) -> bytes:
        """The body of a request."""
        return b"".join(self.rows)


def encode(batch: pa.RecordBatch, layout: Layout) -> list[Lines]:
    """Return rows as requests of some 5 MiB; nulls are left out."""
    columns = columns_of(batch, layout.vector)
    vectors = vectors_as_json(batch, layout.vector)
    found: list[Lines] = []
    lines: list[bytes] = []
    size = 0
    for row, vector in zip(without_nulls(columns), vectors, strict=True):
        text = json.dumps(row, ensure_ascii=False, separators=(",", ":"))
        if vector is not None:
            text = f"{text[:-1]},{json.dumps(layout.vector)}:[{vector}]}}"
        lines.append(
            f'{{"index":{{"_index":"{index_name(layout)}","_id":"{row["id"]}"}}}}\n{text}\n'.encode()
        )
        size += len(lines[-1])
        if size >= PART_BYTES:
            found.append(Lines(tuple(lines)))
            lines, size = [], 0
    return [*found, Lines(tuple(lines))] if lines else found


def index_name(layout: Layout) -> str:
    """Return the name of the index: both engines take small letters only."""
    return layout.table.lower()


def vectors_as_json(batch: pa.RecordBatch, vector: str) -> list[str | None]:
    """Return the values of each vector, separated by commas, in the fewest digits that give them again."""
    lists = batch.column(vector)
    texts = pa.FixedSizeListArray.from_arrays(lists.flatten().cast(pa.string()), lists.type.list_size)
    joined: list[str] = pc.binary_join(texts.cast(pa.list_(pa.string())), ",").to_pylist()
    if not lists.null_count:
        return list(joined)
    rest = iter(joined)
    return [next(rest) if there else None for there in lists.is_valid().to_pylist()]


def send(ask: Ask, address: Address, parts: Sequence[Lines]) -> None:
    """Send all parts, some at a time; send again what the server had no room for.

    Raises StageError for a row that is refused, SpecError if the server's disk is full.
    """
    with ThreadPoolExecutor(THREADS, "bulk") as pool:
        for done in [pool.submit(_send, ask, address, part) for part in parts]:
            done.result()


def _send(ask: Ask, address: Address, part: Lines) -> None:
    pause = FIRST_PAUSE_SECONDS
    for _ in range(ATTEMPTS):
        status, answer = ask("POST", "/_bulk", part.body)
        if status == TOO_MANY:
            left = part.rows
        elif status >= 300:
            raise refusal(address, status, answer)
        else:
            left = _left(address, part, answer)
        if not left:
            return
        part = Lines(left)
        time.sleep(pause)
        pause = min(pause * 2, MAX_PAUSE_SECONDS)
    raise StageError(
        f"{address} had no room for {len(part.rows):,} rows after {ATTEMPTS} attempts (429); run it again "
        "when it has less to do"
    )


def _left(address: Address, part: Lines, answer: dict[str, Any]) -> tuple[bytes, ...]:
    """Return the rows that the server had no room for. Raises the error of a row that it refuses."""
    if not answer.get("errors"):
        return ()
    left = []
    for row, item in zip(part.rows, answer["items"], strict=True):
        (result,) = item.values()
        if result["status"] == TOO_MANY:
            left.append(row)
        elif result["status"] >= 300:
            raise refusal(
                address, result["status"], {"error": result.get("error")}, f"row {result.get('_id')}"
            )
    return tuple(left)


def refusal(address: Address, status: int, answer: Any, what: str = "") -> SpecError | StageError:  # noqa: ANN401
    """Return the error for an answer that is none of success."""
    error = answer.get("error") if isinstance(answer, dict) else None
    if isinstance(error, dict):
        cause = error.get("caused_by") or {}
        said = f"{error.get('type')}: {error.get('reason')}"
        said += f" ({cause['reason']})" if isinstance(cause, dict) and cause.get("reason") else ""
    else:
        said = str(error or answer)
    said = address.without_secret(" ".join(said.split()))[:300]
    begin = f"{address} refuses{f' {what}' if what else ''} ({status}): {said}"
    if status in (401, 403) and "cluster_block" not in said:
        return SpecError(f"{begin}; check user and password, and what that user may do")
    if "cluster_block" in said or "flood" in said:
        return SpecError(f"{begin}; free some space on the server's disk, and lift the block of the index")
    if status == 413:
        return SpecError(f"{begin}; raise http.max_content_length of the server to 10 MB or more")
    if status == 404:
        return StageError(f"{begin}; the index was removed while rows were written: run it again")
    if 400 <= status < 500 and status != TOO_MANY:
        return SpecError(f"{begin}; name another index by ?table=NAME, or replace it by --replace")
    return StageError(f"{begin}; run it again once the server answers")
