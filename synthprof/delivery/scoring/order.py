"""The order of a score: the parameters of the command and of the API. Light."""

from typing import Annotated, TypedDict

from pydantic import Field

from synthprof.base.names import NAME_HINT, NAME_PATTERN
from synthprof.delivery.order import KEY, VersionOrder
from synthprof.spec.limits import LARGEST_INTEGER
from synthprof.spec.params import in_words


class ScoreKeywords(TypedDict, total=False):
    """The parameters as keyword arguments, so that editors and type checkers know them."""

    version: str
    truth: str
    truth_version: str
    questions: int
    exact: bool
    seed: int


class ScoreOrder(VersionOrder):
    """The pictures that are searched, what is known of them, and how many questions are asked.

    >>> ScoreOrder(dataset="faces", truth="drawn").questions
    500
    """

    truth: Annotated[
        str,
        Field(
            pattern=in_words(f"{NAME_HINT}, or nothing", f"{NAME_PATTERN}|^$(?!\n)"),
            description="Data set whose avatars the pictures are; `synthprof run --avatars` makes one.",
        ),
    ] = ""
    truth_version: Annotated[
        str, Field(pattern=KEY, description="Version of that data set; the current one unless given.")
    ] = ""
    questions: Annotated[
        int,
        Field(ge=1, le=100_000, description="Most questions of each kind: captions, parts of them, copies."),
    ] = 500
    exact: Annotated[bool, Field(description="Compare every row instead of asking the index.")] = False
    seed: Annotated[
        int, Field(ge=0, le=LARGEST_INTEGER, description="The same seed chooses the same questions.")
    ] = 1
