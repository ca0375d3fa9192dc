"""Texts that are put together from other columns."""

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, field_validator

from synthprof.base.column_kinds import Kind
from synthprof.base.errors import SpecError
from synthprof.schemas.draw_kinds.model import DrawModel
from synthprof.schemas.expressions.tokens import ExpressionError
from synthprof.schemas.text_templates import MAX_LENGTH, Part, check_format, columns_of, parse_template
from synthprof.schemas.text_templates import Field as TemplateField

if TYPE_CHECKING:
    from synthprof.schemas.schema import Column, Schema


class Template(DrawModel):
    """A text with the values of other columns in it, as the table shows them.

    `{first} {last} <{email}>` names columns; `{price:.2f}`, `{born:%d.%m.%Y}`, `{member:yes|no}`,
    `{city:upper}` give them formats. Where one of them is missing, so is the text, or `missing` stands there.

    >>> Template(text="{first} {last} <{email}>").given
    ('first', 'last', 'email')
    """

    draw: Literal["template"] = "template"
    text: Annotated[
        str, Field(min_length=1, max_length=MAX_LENGTH, description="The text, with columns in braces.")
    ]
    missing: Annotated[
        str | None,
        Field(max_length=200, description="Stands for a column without a value; else the text is missing."),
    ] = None

    @property
    def parts(self) -> tuple[Part, ...]:
        """Literal texts and columns, in order."""
        return parse_template(self.text)

    @property
    def kind(self) -> Kind:
        """A text."""
        return Kind("text")

    @property
    def given(self) -> tuple[str, ...]:
        """The columns that are named."""
        return columns_of(self.parts)

    @property
    def shown(self) -> tuple[str, ...]:
        """All of them."""
        return self.given

    @property
    def may_lack(self) -> bool:
        """True where a missing column makes the text missing."""
        return self.missing is None

    @property
    def told(self) -> str:
        """The template."""
        return f"`{self.text}`"

    @field_validator("text")
    @classmethod
    def _readable(cls, value: str) -> str:
        parse_template(value)
        return value

    def check(self, schema: "Schema", column: "Column") -> None:
        """Raise SpecError for a format that a column does not have."""
        for part in self.parts:
            if isinstance(part, TemplateField):
                try:
                    check_format(part, schema.column(part.column).kind)
                except ExpressionError as error:
                    raise SpecError(f"{column.name}: text, {error}") from None


KINDS = (Template,)
