"""The declaration in a schema's file of what goes wrong in second records, checked against its columns."""

from collections.abc import Mapping, Sequence

from synthprof.base.errors import SpecError
from synthprof.schemas.draws import Prose
from synthprof.schemas.duplicates import OF_TEXTS, RecordError, RecordErrors
from synthprof.schemas.files import Folder
from synthprof.schemas.format import duplicates as declared
from synthprof.schemas.mistakes import Mistakes, Wrong, meant
from synthprof.schemas.schema import Column
from synthprof.schemas.unique import is_own

_DIGITS = ("integer", "date", "text")


def record_errors(
    section: declared.Duplicates | None,
    columns: Mapping[str, Column],
    shown: Sequence[str],
    folder: Folder,
    mistakes: Mistakes,
) -> RecordErrors | None:
    """Return what a file says of second records, None if nothing; mistakes are noted.

    columns: all that are drawn and have no mistakes, hidden ones among them. shown: those of the table.
    """
    if section is None:
        return None
    errors = []
    for place, error in enumerate(section.error):
        try:
            errors.append(_error(error, columns, shown, folder))
        except Wrong as wrong:
            mistakes.add(("duplicates", "error", place, *wrong.path), str(wrong))
    for place, name in enumerate(section.compare):
        if name not in shown:
            mistakes.add(("duplicates", "compare", place), f"unknown column {name!r}; {meant(name, shown)}")
    named = (name for error in errors for name in error.columns if name in shown)
    return RecordErrors(section.compare or tuple(dict.fromkeys(named)), tuple(errors))


def _error(
    error: declared.RecordError, columns: Mapping[str, Column], shown: Sequence[str], folder: Folder
) -> RecordError:
    known = shown if error.kind == "missing" else list(columns)
    for place, name in enumerate(error.columns):
        if name not in known or name not in columns:
            raise Wrong(f"unknown column {name!r}; {meant(name, known)}", "columns", place)
        _check(error.kind, columns[name], place)
    if error.kind == "swapped" and len(error.columns) > 2:
        raise Wrong("swapped exchanges two columns, or the words of one; name one or two", "columns")
    return RecordError(error.kind, error.columns, error.share, _short(error, folder))


def _check(kind: str, column: Column, place: int) -> None:
    """Raise Wrong unless an error of that kind can happen in the column."""
    if isinstance(column.draw, Prose):
        raise Wrong(f"{column.name} tells of the other columns, errors and all; name those", "columns", place)
    if is_own(column):
        raise Wrong(
            f"{column.name} is another in each row, so its records do not share it; name another column",
            "columns",
            place,
        )
    if kind in OF_TEXTS and (column.kind != "text" or column.values):
        raise Wrong(
            f"{kind} leaves a text that is none of the values of {column.name}; name a column of free texts, "
            'or use kind = "moved"',
            "columns",
            place,
        )
    if kind == "digits" and (column.kind not in _DIGITS or column.values):
        raise Wrong(
            f"{column.name} is a {column.kind}, without digits; name another column", "columns", place
        )


def _short(error: declared.RecordError, folder: Folder) -> tuple[tuple[str, str], ...]:
    if error.file is None:
        return ()
    if error.kind != "short_name":
        raise Wrong(f"{error.kind} reads no file; remove it", "file")
    try:
        rows = folder.rows(error.file)
    except SpecError as wrong:
        raise Wrong(str(wrong), "file") from None
    for key in ("full", "short"):
        if (header := getattr(error, key)) not in rows[0]:
            raise Wrong(f"{header!r} is no column of {error.file}; {meant(header, list(rows[0]))}", key)
    return tuple((row[error.full], row[error.short]) for row in rows)
