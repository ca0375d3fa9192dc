"""The order of a match: the parameters of the command, the DAG and the API. Light."""

from typing import Annotated, Literal, TypedDict

from pydantic import Field

from synthprof.delivery.order import VersionOrder
from synthprof.spec.limits import LARGEST_INTEGER
from synthprof.spec.params import in_words

BinaryKind = Literal["auto", "flat", "ivf", "hnsw"]

_PATH = in_words("at most 1,000 characters in one line", r"^[^\x00-\x1f\x7f]{0,1000}$(?!\n)")


class MatchKeywords(TypedDict, total=False):
    """The parameters as keyword arguments, so that editors and type checkers know them."""

    version: str
    pictures: str
    table: str
    id_column: str
    image_column: str
    features: int
    memory_mib: int
    index: BinaryKind
    min_inliers: int
    min_score: float
    seed: int


class MatchOrder(VersionOrder):
    """The pictures to match, and how.

    >>> MatchOrder(dataset="photos", pictures="photos/").index
    'auto'
    """

    pictures: Annotated[
        str,
        Field(
            pattern=_PATH,
            description="Where the pictures are: a folder, a table with paths or BLOBs, tar files; empty for "
            "the avatars of the version, or its thumbnails if it holds pictures.",
        ),
    ] = ""
    table: Annotated[
        str, Field(pattern=_PATH, description="Table of the source; may be empty if it has only one.")
    ] = ""
    id_column: Annotated[str, Field(pattern=_PATH, description="Column with the id of each picture.")] = "id"
    image_column: Annotated[
        str, Field(pattern=_PATH, description="Column with the pictures, as BLOBs or paths.")
    ] = "image"
    features: Annotated[
        int,
        Field(
            ge=0,
            le=1_000,
            description="Most local features of a picture; 0 chooses by their number and the memory.",
        ),
    ] = 0
    memory_mib: Annotated[
        int,
        Field(ge=0, le=1_048_576, description="Memory it may take, in MiB; 0 is what the machine has."),
    ] = 0
    index: Annotated[
        BinaryKind, Field(description="Kind of index of the features; auto chooses by their number.")
    ] = "auto"
    min_inliers: Annotated[
        int,
        Field(ge=4, le=1_000, description="Fewest features of a pair that must lie where they belong."),
    ] = 8
    min_score: Annotated[
        float,
        Field(ge=0, le=1, description="Least share of a pair's cells that must show the same."),
    ] = 0.62
    seed: Annotated[
        int, Field(ge=0, le=LARGEST_INTEGER, description="The same seed gives the same index.")
    ] = 1
