"""Checks of a text's templates against the columns that they name."""

from typing import TYPE_CHECKING

from synthprof.base.errors import SpecError
from synthprof.schemas.draws import Prose
from synthprof.schemas.expressions.tokens import ExpressionError
from synthprof.schemas.text_templates import Field, check_format

if TYPE_CHECKING:
    from synthprof.schemas.schema import Column, Schema


def check_prose(schema: "Schema", name: str, draw: Prose) -> None:
    """Raise SpecError for a format that a column does not have, and for forms that nothing chooses."""
    columns, by = schema.drawn_by_name, draw.chosen_by
    if by and columns[by.column].kind not in ("category", "flag"):
        raise SpecError(
            f"{name}: {by.column} is a {columns[by.column].kind}, but a category chooses forms; name another"
        )
    chosen = by.values if by and draw.forms else ()
    if by and (unknown := [value for value in chosen if value not in columns[by.column].values]):
        raise SpecError(
            f"{name}: forms has {unknown[0]!r}, which is no value of {by.column}; "
            f"known are {', '.join(columns[by.column].values[:30])}"
        )
    for key in draw.keys:
        of, _, form = key.partition(":")
        read = any((each.name, each.column) == (form.partition(" ")[0], of) for each in draw.readings)
        if form and not read and not (draw.first_name and of == draw.first_name):
            _check_format(name, columns[of], Field(of, form, 0))


def _check_format(name: str, column: "Column", field: Field) -> None:
    words = field.format.split("|")
    if column.kind == "category" and len(words) > 1:
        if len(words) != len(column.values):
            raise SpecError(
                f"{name}: {{{field.column}:{field.format}}} has {len(words)} words for {len(column.values)} "
                f"values of {field.column}; give one each, in order"
            )
        return
    if column.kind == "list" and len(words) == 2:
        return
    try:
        check_format(field, column.kind)
    except ExpressionError as error:
        raise SpecError(f"{name}: {{{field.column}:{field.format}}}, {error}") from None
