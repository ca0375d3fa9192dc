"""The HTML copy of what the console shows."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from synthprof.base.errors import SpecError

if TYPE_CHECKING:
    from rich.console import Console


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
