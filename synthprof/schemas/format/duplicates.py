"""The section of a schema's file on second records of the same rows."""

from typing import Annotated

from pydantic import Field

from synthprof.schemas.duplicates import ErrorKind
from synthprof.schemas.format.part import MAX_COLUMNS, ColumnName, FileName, Part, Weight

Header = Annotated[str, Field(strict=True, min_length=1, max_length=200)]


class RecordError(Part):
    """An error of second records.

    Of texts: `typo` (a letter left out, put in, exchanged, or two in the wrong order), `ocr` (a sign read as
    one that looks like it), `abbreviated` (a word to its initial), `short_name` (the first word as people
    call it), `married` (another last word), `swapped` (the last word first, or two columns exchanged),
    `case` (all in upper or lower case, accents lost), `truncated`, `format` (signs between digits left out
    or others put in; without digits, written as a handle). Of numbers, dates and texts: `digits` (two in the
    wrong order, one exchanged, day and month exchanged). Of any column: `moved` (the values of another row,
    of all its columns at once) and `missing`.
    """

    kind: Annotated[ErrorKind, Field(description="What goes wrong.")]
    columns: Annotated[
        tuple[ColumnName, ...],
        Field(
            min_length=1,
            max_length=MAX_COLUMNS,
            description="Where: in one of these columns; in all at once if `moved` or `swapped`.",
        ),
    ]
    share: Annotated[Weight, Field(gt=0, description="Its weight beside the other errors.")] = 1.0
    file: Annotated[
        FileName | None, Field(description="For `short_name`, a file with a row per name; else it is cut.")
    ] = None
    full: Annotated[Header, Field(description="Its column of names.")] = "full"
    short: Annotated[Header, Field(description="Its column of short names.")] = "short"


class Duplicates(Part):
    """Second records of the same rows, which the parameter `duplicates` of a data set asks for."""

    compare: Annotated[
        tuple[ColumnName, ...],
        Field(
            max_length=12,
            description="The columns that tell rows apart, by which the predicted F1 compares them; else "
            "those that errors name.",
        ),
    ] = ()
    error: Annotated[
        tuple[RecordError, ...], Field(min_length=1, max_length=100, description="What goes wrong.")
    ]
