"""A client of the Airflow that tests share."""

import pytest

from synthprof.orchestration.local.rest import Airflow


@pytest.fixture(scope="module")
def rest(airflow):
    with Airflow(airflow.home.url) as client:
        yield client
