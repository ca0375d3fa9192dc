"""Rules and margins of a schema's file: what is counted of its rows while a version is made."""

from typing import Annotated

from pydantic import Field

from synthprof.schemas.expressions.tokens import MAX_LENGTH
from synthprof.schemas.format.part import MAX_VALUES, Flag, Line, Part, Share, Text

Condition = Annotated[str, Field(strict=True, min_length=1, max_length=MAX_LENGTH)]

Cells = Annotated[dict[str, Share], Field(min_length=1, max_length=MAX_VALUES)]


class Rule(Part):
    """A condition that rows must rarely meet: rows that do contradict themselves.

    It is written in the language of the draw `expression`. Beside columns, it names attributes:
    `games.genre` is the column `genre` of the file that the column `games` is drawn from. Of lists there are
    `any(games.genre = 'RPG')`, `all(…)`, `count(…)`, `first(games)`, `min(games.year)`, `max(…)`,
    `contains(games, 'Chess', 'Go')`, and `overlap(styles, games.styles)`: the number of styles that a game
    has. A cell with several values, parted by `;`, is equal to a text if one of them is. Within `any`, `all`
    and `count` a list stands for each of its items, and columns for the value of the row: `any(games.year <
    2024 - age)`.
    """

    name: Annotated[Line, Field(description="The name, which differs from all others.")]
    doc: Annotated[Text, Field(description="What contradicts itself, in one sentence.")]
    condition: Annotated[
        Condition, Field(description="The condition, which rows that contradict themselves meet.")
    ]
    ceiling: Annotated[Share, Field(description="The share of rows that may meet it, as 0.001.")]


class Margin(Part):
    """A table that the rows must meet: shares by one or two columns, as somebody counted them.

    A drawn share may stray from the asked one as far as 99 % of samples of so many rows do.
    """

    name: Annotated[Line, Field(description="The name, which differs from all others.")]
    columns: Annotated[
        tuple[Condition, ...],
        Field(
            min_length=1,
            max_length=2,
            description="One or two columns, attributes or expressions, as `plan`, `city.state` or "
            "`first(games)`. A list counts each of its items.",
        ),
    ]
    shares: Annotated[
        dict[str, Share | Cells],
        Field(
            min_length=1,
            max_length=MAX_VALUES,
            description="By value the share of rows; by two columns, tables of such. `16-24` is a range of "
            "numbers, `65-` has no end, `*` stands for all other values.",
        ),
    ]
    source: Annotated[Text, Field(description="Who counted it, and where it is written.")]
    population: Annotated[Line | None, Field(description="Of whom, as `players from 16 years on`.")] = None
    where: Annotated[
        Condition | None, Field(description="The condition of the rows that count; all by default.")
    ] = None
    within: Annotated[
        Flag,
        Field(description="Whether shares by two columns are those among the rows of the first one's value."),
    ] = False
    rounding: Annotated[
        Share, Field(description="How exact the shares are, as 0.0005 for per cent with one digit.")
    ] = 0.0
    groups: Annotated[
        dict[str, Annotated[tuple[str, ...], Field(min_length=1, max_length=MAX_VALUES)]],
        Field(max_length=1_000, description="Names for several values together, which `shares` can use."),
    ] = Field(default_factory=dict)
