"""The task that says over which shards the stages that write the store are mapped."""

from collections.abc import Sequence
from typing import Any

from airflow.sdk import BaseOperator, Context

from synthprof.pipeline import STAGES

WRITERS = "writers"
"""The id of the task, and the key under which `setup` pushes what it returns."""

WRITING = tuple(each.name for each in STAGES if each.parts)
"""The stages that are mapped over its shards: one in databases, ranges of parts in parts."""


class WritersOperator(BaseOperator):
    """A task that returns the shards of the stages that write the store.

    Airflow maps over what a task returns and over nothing else that it pushes, and `setup` returns the shards
    of `generate` and `vectorize`. shards: what `setup` has pushed as WRITERS.
    """

    template_fields: Sequence[str] = ("shards",)

    def __init__(self, *, shards: Any, **kwargs: Any) -> None:  # noqa: ANN401
        super().__init__(**kwargs)
        self.shards = shards

    def execute(self, context: Context) -> Any:  # noqa: ANN401
        """Return the shards."""
        return self.shards


def shards_of_writers(shards: Sequence[Sequence[Any]], store: str) -> list[list[Any]]:
    """Return the shards of the stages that write the store, of those of `setup`: one for databases.

    >>> shards_of_writers([[0, 2, "1-32,768"], [2, 3, "32,769-40,000"]], "sqlite")
    [[0, 3, '1-40,000']]
    """
    if store == "parquet":
        return [list(shard) for shard in shards]
    first, last = shards[0], shards[-1]
    return [[first[0], last[1], f"{first[2].partition('-')[0]}-{last[2].rpartition('-')[2]}"]]
