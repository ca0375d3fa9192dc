"""Time by the clock of work whose parts go on beside each other, or one after the other."""

from collections.abc import Iterable

Span = tuple[float, float]
"""Begin and end of some work, in seconds since 1970."""

PAUSE_SECONDS = 60.0
"""Between two tasks of Airflow nobody is at work; after that long the work has stopped."""


def clock_seconds(spans: Iterable[Span], pause_seconds: float = PAUSE_SECONDS) -> float:
    """Return the seconds from the first begin to the last end, without pauses longer than `pause_seconds`.

    Parts that go on at the same time count once. A run that was stopped and continued on another day has
    taken the time of both parts, not that of the night between.
    """
    total, reached = 0.0, None
    for begin, end in sorted(spans):
        if reached is None or begin - reached > pause_seconds:
            total += end - begin
            reached = end
        elif end > reached:
            total += end - reached
            reached = end
    return total
