"""Finished results whose files were damaged tell what to remove and what to do again."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from synthprof.base.errors import StageError
from synthprof.delivery.matching.match import PAIRS_TABLE, Match
from synthprof.delivery.scoring.scores import QUESTIONS_TABLE, SCORES, Scores
from synthprof.delivery.workloads.files import FILTERS_FILE
from synthprof.delivery.workloads.workload import Workload
from synthprof.store.outputs import Output

NO_OUTPUT = Output.model_construct(files=())


@pytest.mark.parametrize(
    ("results", "name", "asked", "remedy"),
    [
        (Match, PAIRS_TABLE, "pairs", "match again"),
        (Scores, QUESTIONS_TABLE, "questions", "score again"),
        (Scores, SCORES, "scores", "score again"),
        (Workload, FILTERS_FILE, "filters", "make the workload again"),
    ],
)
@pytest.mark.parametrize("content", [None, b"", b"nothing of the kind"])
def test_a_damaged_file_names_itself_and_the_remedy(tmp_path: Path, results, name, asked, remedy, content):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    told = f"{name} is missing or was changed; remove the folder and {remedy}"
    with pytest.raises(StageError, match=told):
        getattr(results(tmp_path, NO_OUTPUT), asked)


def test_a_table_with_other_columns_is_told_apart(tmp_path: Path) -> None:
    pq.write_table(pa.table({"other": [1]}), tmp_path / FILTERS_FILE)
    with pytest.raises(StageError, match="has other columns than in this release; remove the folder"):
        _ = Workload(tmp_path, NO_OUTPUT).filters
