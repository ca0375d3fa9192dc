"""Scores of a search for avatars, from the order to the published folder: what counts, what is refused."""

from pathlib import Path
from typing import Any

import pytest
from picture_sets import AVATARS, AVATARS_DIM, draw_folder, make

import synthprof
from synthprof.base.errors import SpecError
from synthprof.cli.reference import DOCUMENTS
from synthprof.delivery.scoring.job import score
from synthprof.delivery.scoring.known import COPY, PART, Known, Question, known_of, questions_of
from synthprof.delivery.scoring.order import ScoreOrder
from synthprof.delivery.scoring.scores import Scores, scores_of, table_of
from synthprof.profiles.avatars.changes import CHANGES
from synthprof.runner.run import run_all
from synthprof.spec.request import Request
from synthprof.versions.version import open_version

DRAWN: dict[str, Any] = {
    **{"dataset": "drawn", "profiles": 200, "clusters": 1, "kmeans_niter": 1, "dim_embedding": 24},
    **{"avatars": True, "avatar_copies": 0.4, "index": "flat", "prose": "card", "workers": 1},
}
FACES: dict[str, Any] = {"dataset": "faces", "model": str(AVATARS), "dim_embedding": AVATARS_DIM}


def _made(home: Path, **params: Any) -> Path:
    """The data root with avatars, and their pictures as a data set."""
    run_all(Request.from_params(DRAWN | {"workers": params.get("workers", 1)}), home)
    make(home, open_version(home, "drawn").folder / "avatars", **FACES | params)
    return home


def _order(**params: Any) -> ScoreOrder:
    return ScoreOrder.from_params({"dataset": "faces", "truth": "drawn"} | params)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _made(tmp_path_factory.mktemp("scored"))


@pytest.fixture(scope="module")
def made(home: Path) -> Scores:
    return score(home, _order())


@pytest.fixture(scope="module")
def known(home: Path) -> Known:
    return known_of(home, _order())


def _bytes(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_captions_parts_of_them_and_changed_copies_find_what_they_should(made: Scores) -> None:
    assert made.scores["caption"]["recall_at_10"] >= 0.98
    assert made.scores["part"]["recall_at_10"] >= 0.98
    assert made.scores["copy"]["recall_at_10"] >= 0.95
    assert set(made.scores["copy"]["by_change"]) == set(CHANGES)
    pictures = made.output.details["pictures"]
    assert (pictures["drawn"], pictures["others"]) == (200, 0)
    assert made.scores["copy"]["questions"] == pictures["copies"] > 50
    assert tuple(made.facts()) == DOCUMENTS["score"]


def test_bytes_depend_on_neither_workers_nor_shards_nor_batches(made: Scores, tmp_path: Path) -> None:
    other = _made(tmp_path, workers=2, batch_size=7, shards=1)
    assert _bytes(score(other, _order()).folder) == _bytes(made.folder)


def test_the_api_makes_the_same_in_a_process_of_its_own(home: Path, made: Scores, tmp_path: Path) -> None:
    before = _bytes(made.folder)
    made.folder.rename(tmp_path / "kept")
    again = synthprof.score("faces", home=home, truth="drawn")
    assert (again.folder, again.scores) == (made.folder, made.scores)
    assert _bytes(again.folder) == before


def test_a_flat_index_finds_what_a_comparison_of_all_rows_finds(home: Path, made: Scores) -> None:
    exact = score(home, _order(exact=True))
    assert exact.key != made.key
    assert exact.scores == made.scores


def test_fewer_questions_are_a_part_of_all_chosen_by_the_seed(known: Known) -> None:
    every = {each.asked for each in questions_of(known, _order())}
    few, others = (questions_of(known, _order(questions=12, seed=seed)) for seed in (1, 2))
    assert [each.kind for each in few].count(PART) == 12
    assert {each.asked for each in few} < every
    assert few == questions_of(known, _order(questions=12))
    assert few != others


def test_a_text_wants_drawn_pictures_and_passes_copies_over(known: Known) -> None:
    for question in questions_of(known, _order()):
        if question.kind == COPY:
            assert question.row not in question.wanted
            assert known.keys[question.row].startswith(known.keys[next(iter(question.wanted))])
            continue
        assert all(question.asked in known.captions[number] for number in question.wanted)
        assert all(question.asked in known.copies[number] for number in question.passed)
        assert not question.wanted & known.copies.keys()


def test_recall_counts_ten_answers_at_most_and_no_more_than_are_wanted() -> None:
    many, one = frozenset(range(1, 31)), frozenset({7})
    questions = [
        Question(PART, "a", many, frozenset()),
        Question(PART, "b", one, frozenset()),
        Question(COPY, "c", one, frozenset({8}), "crop", 8),
    ]
    answers = [[*range(1, 6), *range(40, 45)], [40, 7, 41], [40, 41]]
    table = table_of(questions, answers)
    assert table["recall_at_10"].to_pylist() == [0.5, 1.0, 0.0]
    assert table["rank"].to_pylist() == [1, 2, None]
    found = scores_of(table)
    assert found["part"] == {"questions": 2, "recall_at_1": 0.5, "recall_at_10": 0.75}
    assert found["copy"]["by_change"] == {"crop": 0.0}
    assert found["caption"] == {"questions": 0, "recall_at_1": None, "recall_at_10": None}


def test_a_model_that_knows_other_pictures_has_lower_scores(home: Path, made: Scores) -> None:
    from picture_sets import DIM, TINY

    source = open_version(home, "drawn").folder / "avatars"
    make(home, source, dataset="worse", model=str(TINY), dim_embedding=DIM)
    worse = score(home, _order(dataset="worse"))
    assert worse.scores["caption"]["recall_at_10"] < 0.5 < made.scores["caption"]["recall_at_10"]


def test_what_cannot_be_scored_is_refused_in_words(home: Path, tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="needs truth, the data set whose avatars its pictures are"):
        score(home, _order(truth=""))
    with pytest.raises(SpecError, match="holds profiles, no pictures"):
        score(home, _order(dataset="drawn"))
    with pytest.raises(SpecError, match="has no avatars; make it with --avatars"):
        score(home, _order(truth="faces"))
    draw_folder(tmp_path / "photos", 40)
    make(home, tmp_path / "photos", dataset="photos")
    with pytest.raises(SpecError, match="no picture of 'photos' is an avatar of 'drawn'; embed the folder"):
        score(home, _order(dataset="photos"))
