"""Questions that nobody would ask, made from the explorer's own description of its HTTP API."""

import os
from pathlib import Path

import pytest
import schemathesis
from explorers import DATASET, publish, served
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from synthprof.explorer.server.access import TokenAccess
from synthprof.explorer.server.app import make_app

CASES = int(os.environ.get("SYNTHPROF_OPENAPI_CASES", "8"))
"""Cases of each operation; `make explorer-full` asks a thousand."""

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]

pytestmark = pytest.mark.timeout(3_600)


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    home = tmp_path_factory.mktemp("openapi")
    publish(home, profiles=1_500, workers=1)
    with served(home) as url:
        yield url


OPERATIONS = [
    found.ok()
    for found in schemathesis.openapi.from_dict(
        make_app(Path(), TokenAccess(None)).openapi()
    ).get_all_operations()
]


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda each: each.label)
def test_no_question_gets_a_server_error_or_an_answer_against_the_description(operation, url):
    @settings(
        max_examples=CASES,
        deadline=None,
        derandomize=True,  # a default run asks the same each time
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def ask(case):
        # random names exist nowhere: half of the questions go to the data set that there is
        names = case.path_parameters or {}
        if len(str(names.get("dataset", ""))) % 2:
            names["dataset"] = DATASET
            if "version" in names:
                names["version"] = "current"
        case.call_and_validate(checks=CHECKS, base_url=url.rstrip("/"), timeout=60)

    ask()
