"""Models of searches: the results, how a text was read, and a picture to search by."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from synthprof.explorer.models.model import ApiModel
from synthprof.spec.limits import MAX_CHARACTERS, MAX_CONDITIONS


class Hit(ApiModel):
    """A result of a search; `similarity` is the cosine, `reasons` are attributes in common."""

    rank: int
    id: int
    similarity: float
    reasons: list[str]
    profile: dict[str, Any]


class Loosened(ApiModel):
    """A condition that results from the rank `first` on need not meet, as too few rows meet all."""

    first: int
    without: str


class Asked(ApiModel):
    """The reading of a text: conditions, words that say nothing, and the conditions that were given up.

    `ranked` is false where nothing ranks the rows, which then come by id.
    """

    conditions: list[str]
    ignored: list[str]
    loosened: list[Loosened]
    ranked: bool
    language: str


class Hits(ApiModel):
    """The results, the nearest first; `read` is null of a search by example."""

    seconds: float
    read: Asked | None = None
    results: list[Hit]


MAX_IMAGE = 48_000
"""Characters of a picture in base64 that is searched by: 300 pixels a side as JPEG take half of that."""


class LikePicture(BaseModel):
    """A search by a picture: its file in base64, and what `similar` takes."""

    model_config = ConfigDict(extra="forbid")

    image: Annotated[
        str,
        Field(
            min_length=1,
            max_length=MAX_IMAGE,
            pattern=r"^[A-Za-z0-9+/]+={0,2}$",
            description="The bytes of a picture's file in base64; make a larger one smaller before.",
        ),
    ]
    k: Annotated[int, Field(ge=1, le=100, description="Number of results.")] = 10
    where: Annotated[
        list[Annotated[str, Field(min_length=1, max_length=MAX_CHARACTERS)]],
        Field(max_length=MAX_CONDITIONS, description="Conditions that all must hold."),
    ] = []
    exact: bool = Field(default=False, description="Compare every picture instead of using the index.")
