"""Finished results whose files were damaged tell what to remove and what to do again."""

from pathlib import Path

import pytest

from synthprof.base.errors import StageError
from synthprof.delivery.matching.match import PAIRS_TABLE, Match
from synthprof.delivery.scoring.scores import QUESTIONS_TABLE, SCORES, Scores
from synthprof.store.outputs import Output

NO_OUTPUT = Output.model_construct(files=())


@pytest.mark.parametrize(
    ("results", "name", "asked", "verb"),
    [
        (Match, PAIRS_TABLE, "pairs", "match"),
        (Scores, QUESTIONS_TABLE, "questions", "score"),
        (Scores, SCORES, "scores", "score"),
    ],
)
@pytest.mark.parametrize("content", [None, b"", b"nothing of the kind"])
def test_a_damaged_file_names_itself_and_the_command(tmp_path: Path, results, name, asked, verb, content):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    told = f"{name} is missing or damaged; remove the folder and {verb} again"
    with pytest.raises(StageError, match=told):
        getattr(results(tmp_path, NO_OUTPUT), asked)
