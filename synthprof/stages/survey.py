"""The survey of a collection's source, kept in the build folder; no other module knows its file."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import TypeAdapter

from synthprof.spec.estimates import Texts
from synthprof.spec.request import Request
from synthprof.store.facts import read_fact, write_fact
from synthprof.store.store import Store

if TYPE_CHECKING:
    from synthprof.sources.survey import Survey

SURVEY = "survey.json"

logger = logging.getLogger(__name__)


def write_survey(build: Path, survey: Survey) -> None:
    """Write the survey into the build folder, durably."""
    write_fact(build / SURVEY, _json().dump_python(survey, mode="json"))


def read_survey(build: Path) -> Survey | None:
    """Return the survey in the build folder; None for profiles, and if it is missing or was changed."""
    found = read_fact(build / SURVEY)
    return None if found is None else _json().validate_python(found)


def tell(survey: Survey) -> None:
    """Log what the source was read as, and each row that is left out."""
    read_as, *lines = account(survey)
    logger.info("%s, %s rows", read_as, f"{survey.rows:,}")
    for line in lines:
        logger.info("left out: %s", line)
    if lines:
        logger.warning("rows of the source that are left out: %s", f"{survey.left_out:,}")


def account(survey: Survey) -> list[str]:
    """Return what people are told of a source: what it was read as, then each row that is left out."""
    more = survey.left_out - len(survey.listed)
    return [f"source read as {survey.said}", *survey.listed, *([f"and {more:,} more"] if more else [])]


def account_of(request: Request, home: Path) -> list[str]:
    """Return the account of the source of a completed request; empty where there is none."""
    survey = read_survey(Store(home, request.dataset).build(request.spec).folder)
    return account(survey) if survey else []


def left_out(build: Path) -> dict[str, list[str]]:
    """Return what a receipt says of the rows left out, a line for each; nothing if there are none."""
    survey = read_survey(build)
    return {"left_out": account(survey)[1:]} if survey and survey.left_out else {}


def texts_of(build: Path) -> Texts | None:
    """Return the size of the texts that the build folder's survey found; None where there is no survey."""
    survey = read_survey(build)
    if survey is None:
        return None
    return Texts(sum(survey.block_bytes), survey.key_bytes, max(survey.block_bytes))


def _json() -> TypeAdapter[Survey]:
    from synthprof.sources.survey import Survey  # only collections pay for Arrow's readers

    return TypeAdapter(Survey)
