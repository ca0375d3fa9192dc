"""Parameters of tests, some for every day."""

from collections.abc import Sequence
from typing import Any

import pytest


def everyday(values: Sequence[Any], first: int = 1) -> list[Any]:
    """The values for `pytest.mark.parametrize`; all but the first so many have the marker `long`."""
    return [
        pytest.param(
            *(value if isinstance(value, tuple) else (value,)),
            marks=() if number < first else pytest.mark.long,
        )
        for number, value in enumerate(values)
    ]
