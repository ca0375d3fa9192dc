"""Streams: runbooks that another program can play, and answers that brute force gives as well."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from played import played

from synthprof.base.errors import SpecError
from synthprof.delivery.workloads.streams import NOTHING, RUNBOOKS, Step, runbook

ROWS = 4_321


@pytest.mark.parametrize("name", RUNBOOKS)
@pytest.mark.parametrize("rows", [40, ROWS])
def test_a_runbook_is_played_as_it_says(name: str, rows: int) -> None:
    book = runbook(name, rows, 3)
    found = played(book.yaml("base"), rows)
    searches = book.searches()
    assert found.keys() == searches.keys() and len(found) >= 10
    for number, there in found.items():
        alive = searches[number]
        assert alive.count == len(there) > 0
        mask = np.concatenate(
            [alive.mask(first, min(1_000, rows - first)) for first in range(0, rows, 1_000)]
        )
        assert np.flatnonzero(mask).tolist() == sorted(there.values())
        tags, ids = np.array(sorted(there.items())).T
        assert alive.tags(ids).tolist() == tags.tolist() and alive.tags(np.array([-1])) == -1


def test_churn_inserts_deletes_and_replaces_in_every_round() -> None:
    steps = [step.operation for step in runbook("churn", ROWS, 3).steps]
    assert steps == ["insert", "search"] + ["insert", "delete", "replace", "search"] * 10
    assert runbook("churn", ROWS, 3) == runbook("churn", ROWS, 3) != runbook("churn", ROWS, 4)


@settings(max_examples=50, deadline=None)
@given(st.data())
def test_ranges_are_kept_by_any_steps(data: st.DataObject) -> None:
    alive, there, unused = NOTHING, {}, 0
    for _ in range(data.draw(st.integers(1, 12))):
        size = data.draw(st.integers(1, 6))
        begin = data.draw(st.sampled_from(sorted(there) or [0]))
        tags = range(begin, begin + size)
        whole = bool(there) and set(tags) <= there.keys()
        match data.draw(st.sampled_from(["insert", "delete", "replace"])) if whole else "insert":
            case "insert":
                step = Step("insert", unused, unused + size)
                there |= {tag: tag for tag in range(unused, unused + size)}
                unused += size
            case "delete":
                step = Step("delete", begin, begin + size)
                there = {tag: row for tag, row in there.items() if tag not in tags}
            case _:
                step = Step("replace", begin, begin + size, unused)
                there |= dict(zip(tags, range(unused, unused + size), strict=True))
                unused += size
        alive = alive.after(step)
        assert np.flatnonzero(alive.mask(0, unused)).tolist() == sorted(there.values())
        rows = np.array(sorted(there.values()), np.int64)
        tag_of = {row: tag for tag, row in there.items()}
        if there:
            assert alive.tags(rows).tolist() == [tag_of[row] for row in rows.tolist()]


def test_a_step_that_does_not_fit_is_refused() -> None:
    alive = NOTHING.after(Step("insert", 0, 10))
    for step in (Step("insert", 5, 15), Step("delete", 5, 15), Step("replace", 10, 12, 20)):
        with pytest.raises(ValueError, match="tags"):
            alive.after(step)


def test_too_few_rows_and_unknown_names_are_refused() -> None:
    with pytest.raises(SpecError, match="needs 40 rows, got 39"):
        runbook("growing", 39, 1)
    with pytest.raises(SpecError, match=r"no stream 'x'; there are: growing, sliding_window, churn"):
        runbook("x", 100, 1)
