"""Tables on the console, and the HTML copy of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from synthprof.base.errors import SpecError

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

MAX_COLUMNS = 10_000
"""Width of a table that nobody's terminal bounds."""


@contextmanager
def saved_as_html(console: "Console", path: Path | None) -> Iterator[None]:
    """Save what the console has shown to the file, if anything, however the context ended.

    Raises SpecError before if it cannot.
    """
    if path is None:
        yield
        return
    try:
        path.open("a").close()
    except OSError as error:
        raise SpecError(
            f"console_html={path} cannot be written ({error.strerror}); name a file in a folder that is there"
        ) from None
    try:
        yield
    finally:
        if console.export_text(clear=False).strip():
            path.write_text(console.export_html(), encoding="utf-8")


def print_table(table: "Table") -> None:
    """No cell is cut: a terminal folds what is too wide, a pipe or file gets each row as one line."""
    from rich.console import Console

    console = Console()
    for column in table.columns:
        column.overflow = "fold"
    if not console.is_terminal:
        console.width = MAX_COLUMNS
    console.print(table)
