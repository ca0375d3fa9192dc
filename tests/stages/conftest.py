"""Fixtures that tests of several stages share."""

from collections.abc import Iterator

import pytest
from small_parts import parts_of_one_block


@pytest.fixture(scope="module")
def small_parts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Give each block a part of its own, so that small data has several."""
    with pytest.MonkeyPatch.context() as patch:
        parts_of_one_block(patch, tmp_path_factory.mktemp("patch"))
        yield
