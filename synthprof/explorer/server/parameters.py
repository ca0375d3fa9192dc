"""Parameters of the HTTP API with their rules, and the problems it reports."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import Path, Query
from pydantic import BeforeValidator

from synthprof.base.names import NAME_PATTERN
from synthprof.explorer.models.model import Problem
from synthprof.spec.limits import LARGEST_INTEGER, MAX_CHARACTERS, MAX_CONDITIONS
from synthprof.spec.written import read_truth, read_whole
from synthprof.store.pointer import VERSION_PATTERN

MAX_HITS = 100

DatasetName = Annotated[
    str, Path(pattern=NAME_PATTERN.replace(r"(?!\n)", ""), description="Name of a data set.")
]
VERSION: dict[str, Any] = {
    "pattern": f"^({VERSION_PATTERN}|current)$",
    "description": "Name of a version, or `current`.",
}

VersionName = Annotated[str, Path(**VERSION)]
VersionInQuery = Annotated[str, Query(**VERSION)]


def written(read: Callable[[str, str], Any], name: str) -> BeforeValidator:
    """Return what reads the text of a query as all doors do."""
    return BeforeValidator(lambda value: read(name, value) if isinstance(value, str) else value)


ProfileId = Annotated[
    int, written(read_whole, "id"), Path(ge=1, le=LARGEST_INTEGER, description="Id of a profile, from 1.")
]
Exact = Annotated[
    bool, written(read_truth, "exact"), Query(description="Compare every profile instead of using the index.")
]
Count = Annotated[int, written(read_whole, "k"), Query(ge=1, le=MAX_HITS, description="Number of results.")]
Conditions = Annotated[
    list[Annotated[str, Query(min_length=1, max_length=MAX_CHARACTERS)]],
    Query(
        max_length=MAX_CONDITIONS,
        description="Conditions that all must hold, such as `column=value` or `column>=30`.",
    ),
]

PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"model": Problem, "description": meaning}
    for status, meaning in {
        401: "Not signed in.",
        403: "Not allowed.",
        404: "Not found.",
        409: "Not possible in the present state.",
        413: "The request body is too long.",
        422: "A value is invalid.",
        429: "Too many searches at once; try again in a second.",
        503: "Busy or starting; try again in a second.",
        504: "No answer within the time limit.",
    }.items()
}
