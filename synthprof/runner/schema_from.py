"""The learning of a schema on this machine."""

from synthprof.stages.learn import FromTable, Progress, SchemaFrom
from synthprof.stages.learn import schema_from as learned
from synthprof.system.startup import check_machine

__all__ = ["FromTable", "SchemaFrom", "schema_from"]


def schema_from(asked: FromTable, progress: Progress = lambda *_: None) -> SchemaFrom:
    """Learn a table and write the folder of its schema; see `stages.learn.schema_from`."""
    check_machine()
    return learned(asked, progress)
