import logging
from pathlib import Path
from stat import S_IFIFO

import pytest

from synthprof.base.errors import Busy, SpecError, StageError
from synthprof.base.kinds import WrongKind
from synthprof.system.events import (
    Event,
    Failed,
    LogLine,
    ProgressEvents,
    ProgressMade,
    ReceiptWritten,
    Result,
    emit,
    log_events,
    read,
)

EVENTS: tuple[Event, ...] = (
    LogLine("INFO", "um ano é pouco\nlinha dois"),
    ProgressMade(5, 10, 1, "rows", 0.25),
    ReceiptWritten("generate: 10 rows", {"stage": "generate", "rows": 10}),
    Result({"version": "v1", "scores": [0.5, None]}),
    Failed("Busy", "another run builds it", "Traceback …"),
)


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_an_event_is_one_line_of_ascii_and_is_read_as_it_was(event: Event, capsys) -> None:
    emit(event)
    line, end = capsys.readouterr().out.split("\n")
    assert line.isascii()
    assert end == ""
    assert read(line) == event


@pytest.mark.parametrize(
    "text",
    [
        "",
        "plain",
        "[1]",
        "7",
        '"log"',
        "{}",
        '{"event": "other"}',
        '{"event": []}',
        '{"event": "log", "level": "INFO"}',
        '{"event": "result", "value": 1, "more": 2}',
    ],
)
def test_text_that_is_no_event_is_read_as_none(text: str) -> None:
    assert read(text) is None


def _caught(error: Exception) -> Exception:
    try:
        raise error
    except Exception as caught:
        return caught


@pytest.mark.parametrize(
    ("error", "kind", "message"),
    [
        (SpecError("too few"), SpecError, "too few"),
        (Busy("in use"), Busy, "in use"),
        (StageError("no room"), StageError, "no room"),
        (
            WrongKind(Path("it"), S_IFIFO),
            SpecError,
            "it is a FIFO, where a file belongs; remove or rename it, then run it again",
        ),
        (KeyError("name"), StageError, "KeyError: 'name'"),
    ],
)
def test_an_error_is_raised_in_the_parent_as_its_own_kind_and_with_its_message(
    error: Exception, kind: type[Exception], message: str
) -> None:
    event = Failed.of(_caught(error))
    assert type(event.error) is kind
    assert str(event.error) == message
    assert "_caught" in event.traceback


def test_log_lines_are_events_but_for_those_of_receipts_and_blocks(capsys) -> None:
    logger = logging.getLogger("synthprof")
    before = logger.handlers, logger.level, logger.propagate
    try:
        log_events(detailed=False, receipts=False)
        child = logging.getLogger("synthprof.stages")
        child.warning("%d rows", 3)
        child.info("receipt", extra={"receipt": 1})
        child.debug("block 0")
    finally:
        logger.handlers, logger.level, logger.propagate = before
    assert [read(line) for line in capsys.readouterr().out.splitlines()] == [LogLine("WARNING", "3 rows")]


def test_progress_is_emitted_at_its_begin_for_each_new_unit_and_at_its_end(capsys) -> None:
    progress = ProgressEvents()
    for done in range(3):
        progress("cluster", done, 20, 0, "iterations")
    for done in (1, 2, 10):
        progress("cluster", done, 10, 2)
    progress("setup", 7, 0)  # nobody knows of how many: not the end
    progress("setup", 8, 0)
    events = [read(line) for line in capsys.readouterr().out.splitlines()]
    assert all(isinstance(event, ProgressMade) for event in events)
    told = [(event.stage, event.done, event.total, event.failed, event.unit) for event in events]
    assert told == [
        ("cluster", 0, 20, 0, "iterations"),
        ("cluster", 1, 10, 2, "rows"),
        ("cluster", 10, 10, 2, "rows"),
        ("setup", 7, 0, 0, "rows"),
    ]
