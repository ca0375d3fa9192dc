"""Values that are computed from other columns."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, field_validator

from synthprof.base.column_kinds import Kind
from synthprof.base.errors import SpecError
from synthprof.schemas.draw_kinds.model import DrawModel
from synthprof.schemas.expressions.tokens import MAX_LENGTH, ExpressionError
from synthprof.schemas.expressions.tree import Node, parse
from synthprof.schemas.expressions.types import check_result, checked

if TYPE_CHECKING:
    from synthprof.schemas.schema import Column, Schema


class Expression(DrawModel):
    """The value of an expression of other columns, as the table shows them.

    `+ - * / // %`, `= != < <= > >=`, `in (…)`, `and or not`, literals (`12`, `0.5`, `'text'`, `true`, `null`,
    `date('2024-01-31')`) and functions: if, min, max, abs, round, floor, ceil, coalesce, missing, concat,
    lower, upper, length, substring, year, month, day, weekday, days_between. A missing value makes the result
    missing, except in if, and, or, coalesce and missing. So do a division by zero, an integer beyond ± 2^53,
    a float that 64 bits do not hold and a day outside the years 1 to 9999. `round` takes the even one of
    two as near; weekday 1 is Monday; a timestamp counts as its day.

    >>> Expression(expression="if(age < 18, 0, price * 2)", type="float").given
    ('age', 'price')
    """

    draw: Literal["expression"] = "expression"
    expression: Annotated[
        str, Field(min_length=1, max_length=MAX_LENGTH, description="The expression of other columns.")
    ]
    type: Annotated[
        Literal["integer", "float", "bool", "text", "date"], Field(description="The type of the value.")
    ]

    @property
    def kind(self) -> Kind:
        """The declared type."""
        return Kind(self.type)

    @property
    def given(self) -> tuple[str, ...]:
        """The columns that are named."""
        return parse(self.expression).columns

    @property
    def shown(self) -> tuple[str, ...]:
        """All of them."""
        return self.given

    @property
    def may_lack(self) -> bool:
        """Always: a division by zero has no value."""
        return True

    @property
    def told(self) -> str:
        """The expression."""
        return f"`{self.expression}`"

    @field_validator("expression")
    @classmethod
    def _readable(cls, value: str) -> str:
        parse(value)
        return value

    def check(self, schema: "Schema", column: "Column") -> None:
        """Raise SpecError for operations on other types than they take."""
        try:
            self.typed({of: schema.column(of).kind for of in self.given})
        except ExpressionError as error:
            raise SpecError(f"{column.name}: expression, {error}") from None

    def typed(self, kinds: Mapping[str, str]) -> Node:
        """Return the tree with its types; kinds: of the columns. Raises ExpressionError."""
        found = checked(parse(self.expression), kinds)
        check_result(found, self.type)
        return found


KINDS = (Expression,)
