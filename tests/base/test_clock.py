"""Time by the clock of work whose parts go on beside each other."""

import pytest

from synthprof.base.clock import clock_seconds


@pytest.mark.parametrize(
    ("spans", "seconds"),
    [
        ([], 0),
        ([(100, 110)], 10),
        ([(100, 110), (100, 110)], 10),
        ([(104, 112), (100, 110)], 12),
        ([(100, 120), (105, 110)], 20),
        ([(100, 110), (115, 120)], 20),  # Airflow takes some seconds from one task to the next
        ([(100, 110), (90_000, 90_010)], 20),  # continued on the next day
    ],
)
def test_parts_beside_each_other_count_once_and_a_long_pause_does_not(spans, seconds) -> None:
    assert clock_seconds(spans) == pytest.approx(seconds)
