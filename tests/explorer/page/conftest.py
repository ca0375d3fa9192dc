"""The data root, the server and the browser that tests of the explorer's page share."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from browser import chromium, looking
from explorers import served
from looked_at import made
from once import made_once


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Path:
    return made_once(tmp_path_factory, made)


@pytest.fixture(scope="module")
def origin(home) -> Iterator[str]:
    with served(home) as url:
        yield url.rstrip("/")


@pytest.fixture(scope="module")
def browser():
    with chromium() as browser:
        yield browser


@pytest.fixture
def look(browser, origin):
    """A page in which, at the end of the test, nothing has gone wrong."""
    with looking(browser, origin) as seen:
        yield seen
