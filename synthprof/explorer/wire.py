"""The wire format between the explorer's server and its worker process.

The server writes each `Question` as one line of JSON. The worker writes each `Answer` as a head, one line of
JSON, and the bytes of its body. Answers come in any order; an answer has the number of its question.
"""

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal, Self

if TYPE_CHECKING:
    from asyncio import StreamReader

Lane = Literal["look", "search", "scan"]
"""Kinds of question by their cost: read a file, search an index, compare every row."""

Name = Literal[
    "datasets",
    "version",
    "version_name",
    "schema",
    "marginals",
    "clusters",
    "map",
    "profile",
    "children",
    "search",
    "similar",
    "similar_picture",
    "thumbnail",
    "compare",
    "progress",
    "report",
    "exports",
    "workloads",
    "matches",
    "match_page",
    "loads",
    "measurements",
    "picture",
    "build",
    "verifying",
    "reindexed",
]
"""Names of the questions, which are the methods of `worker.questions.Questions`."""

READY = 0
"""Number of the answer to no question: the worker sends it when it has started."""

MAX_HEAD_BYTES = 1 << 16
"""Longest line before an answer's body; real ones take a hundred bytes."""


@dataclass(frozen=True)
class Limits:
    """Limits of a lane, so that slow questions do not keep quick ones waiting.

    threads: how many questions the worker answers at once. waiting: how many may be unanswered; the server
    refuses more with the HTTP status `refusal`.
    """

    threads: int
    waiting: int
    refusal: int


LIMITS: dict[Lane, Limits] = {
    "look": Limits(threads=2, waiting=64, refusal=503),
    "search": Limits(threads=2, waiting=32, refusal=429),
    "scan": Limits(threads=1, waiting=3, refusal=429),
}


@dataclass(frozen=True)
class Question:
    """A call of a method of `Questions`: its number, name, lane and arguments.

    seconds: time after which nobody waits for the answer. compress: whether the caller takes gzip.
    """

    number: int
    name: Name
    lane: Lane
    arguments: dict[str, Any]
    seconds: float
    compress: bool = False

    def line(self) -> bytes:
        """Return the question as a line of JSON."""
        return json.dumps(asdict(self)).encode() + b"\n"

    @classmethod
    def read(cls, line: bytes) -> Self:
        """Return the question in a line that `line` made."""
        return cls(**json.loads(line))


@dataclass(frozen=True)
class Answer:
    """An HTTP status and a body in JSON, compressed by gzip or not."""

    number: int
    status: int
    body: bytes
    compressed: bool = False

    @classmethod
    def problem(cls, number: int, status: int, detail: str) -> Self:
        """Return the refusal of question `number`, in the form of `models.model.Problem`."""
        return cls(number, status, json.dumps({"detail": detail}).encode())

    def message(self) -> bytes:
        """Return the head and the body as `receive` reads them."""
        head = {"number": self.number, "status": self.status, "compressed": self.compressed}
        return json.dumps(head | {"bytes": len(self.body)}).encode() + b"\n" + self.body

    @classmethod
    async def receive(cls, reader: "StreamReader") -> Self | None:
        """Return the next answer, or None at the end of the stream.

        Raises asyncio.IncompleteReadError if the stream ends within a body.
        """
        line = await reader.readline()
        if not line:
            return None
        head = json.loads(line)
        body = await reader.readexactly(head.pop("bytes"))
        return cls(body=body, **head)
