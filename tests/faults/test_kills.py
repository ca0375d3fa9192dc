"""Killed at any moment and run again: nothing half is ever visible, and the end is the same."""

import random
import time
from pathlib import Path

import pytest
from harness import Kills, Subject, cases, group_gone, needs_strace, note, tracing

COMMITS = ("rename", "link", "symlink", "unlink", "fsync", "mkdir")
"""System calls by which something becomes visible, durable or gone."""

MOST = {"rename": 31, "link": 9, "symlink": 3, "unlink": 9, "fsync": 69, "mkdir": 25}
"""No fewer than any process makes in a whole run, as `test_no_commit_is_left_out` checks."""


@pytest.mark.long
@pytest.mark.parametrize("seed", [0, *(pytest.param(n, marks=pytest.mark.faults_full) for n in range(1, 5))])
def test_a_few_random_kills_cost_nothing(reference, subject: Subject, seed: int) -> None:
    kills = Kills(subject, reference.digest, random.Random(seed), 0.9 * reference.seconds)
    kills.many(1)
    note("SIGKILL at a random moment, 36,000 profiles", kills.survived, kills.lost)


@pytest.mark.faults_full
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed", range(20))
def test_random_kills_of_a_large_run_cost_nothing(large_reference, tmp_path: Path, seed: int) -> None:
    subject = Subject(tmp_path, large_reference.subject.params)
    kills = Kills(subject, large_reference.digest, random.Random(seed), 0.9 * large_reference.seconds)
    kills.many(25)
    note("SIGKILL at a random moment, 200,000 profiles", kills.survived, kills.lost)


@needs_strace
@pytest.mark.parametrize(
    ("call", "number"),
    cases([(call, number) for call in COMMITS for number in range(1, MOST[call] + 1)], 3),
)
def test_a_kill_at_a_commit_costs_nothing(reference, subject: Subject, call: str, number: int) -> None:
    ended = subject.run(tracing(call, "signal=KILL", number))
    if ended.status == 0:
        pytest.skip(f"no process makes {number} calls of {call}")
    lost = subject.wrong()
    if subject.finish() != reference.digest:
        lost.append(f"{call} {number}: another digest")
    lost += subject.leftovers()
    note("SIGKILL at a commit system call", 1, lost, call=call, number=number)


@needs_strace
@pytest.mark.faults_full
def test_no_commit_is_left_out(subject: Subject, tmp_path: Path) -> None:
    from harness import calls_made

    made = calls_made(subject, COMMITS, tmp_path / "log")
    assert all(made[call] <= MOST[call] for call in COMMITS), made


def test_a_killed_run_leaves_no_process_and_the_next_is_not_told_busy(subject: Subject, reference) -> None:
    for number in range(2):
        process = subject.start()
        time.sleep(0.8 + number)
        process.kill()
        process.wait()
        lost = [] if group_gone(process) else ["workers outlive their parent"]
        process.communicate()
        note("no process is left after a kill", 1, lost)
    assert subject.finish() == reference.digest
