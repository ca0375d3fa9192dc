"""How a column is drawn: weights, factors that other columns put on them, and templates of texts.

Plain values all the way down (no lambdas, no SQL), as `schema` wants them; `generate` draws by them.
"""

import re
from dataclasses import dataclass
from typing import Literal

LIST_SEPARATOR = ", "
PLACEHOLDER = re.compile(r"\{(\w+)\}")
"""A column's name in a template of a text."""


@dataclass(frozen=True)
class Shift:
    """How another column changes the odds: the factors for each of its values or bands.

    `edges` is empty for a category or flag (one row of factors per value); for an integer, row i of the
    factors holds where edges[i] <= value < edges[i + 1].
    """

    column: str
    edges: tuple[int, ...]
    factors: tuple[tuple[float, ...], ...]


@dataclass(frozen=True)
class Choice:
    """One of `values`, with odds that other columns and the archetype shift."""

    values: tuple[str, ...]
    weights: tuple[float, ...]
    shifts: tuple[Shift, ...] = ()


@dataclass(frozen=True)
class Chance:
    """1 with probability `share`, else 0, with odds that other columns and the archetype shift."""

    share: float
    shifts: tuple[Shift, ...] = ()


@dataclass(frozen=True)
class Number:
    """An integer from `low` on, low + i having the i-th weight; reported in bands that begin at `bands`."""

    low: int
    weights: tuple[float, ...]
    bands: tuple[int, ...]
    shifts: tuple[Shift, ...] = ()


@dataclass(frozen=True)
class YearsSince:
    """Years x with 0 <= x <= top, where top = min(column - start, most).

    The weight of x is (x + 1) ** rise * (top + 1 - x) ** fall: integers, so that it is exact everywhere. With
    equal exponents the middle is likeliest; the larger `rise`, the earlier the start.
    """

    column: str
    start: int
    most: int
    rise: int
    fall: int


@dataclass(frozen=True)
class Lookup:
    """What follows from another column: `values[codes[i]]` where that column has its i-th value."""

    column: str
    values: tuple[str, ...]
    codes: tuple[int, ...]


@dataclass(frozen=True)
class Subset:
    """One to `len(sizes)` different values in order of preference; sizes[i] is the weight of i + 1 values.

    With `first`, that value always stands first and the odds apply to the rest. With `through`, each value
    is reached through one item of another list column, and `reachable[j]` holds the indices of the values
    that its j-th item allows: a favourite game runs on a platform the player has.
    """

    values: tuple[str, ...]
    weights: tuple[float, ...]
    sizes: tuple[float, ...]
    shifts: tuple[Shift, ...] = ()
    first: str | None = None
    through: str | None = None
    reachable: tuple[tuple[int, ...], ...] = ()


@dataclass(frozen=True)
class FullName:
    """A first name by sex and birth decade, then one last name, or two with probability `two_lasts`.

    firsts[s] are the names of the s-th sex, weights[s][i][d] the weight of the i-th in the d-th decade.
    A birth year is `year` minus the age, so the clock is never asked. All this holds for `locale`; another
    locale has its own names, by sex, masculine or feminine.
    """

    sex: str
    masculine: str
    age: str
    year: int
    decades: tuple[int, ...]
    firsts: tuple[tuple[str, ...], ...]
    weights: tuple[tuple[tuple[float, ...], ...], ...]
    lasts: tuple[str, ...]
    last_weights: tuple[float, ...]
    two_lasts: float
    locale: str


@dataclass(frozen=True)
class Variant:
    """Templates for rows whose columns lie in the ranges of `when`: (column, lowest, highest).

    For a category or flag the range is one of value indices. Without `when` it suits every row.
    """

    when: tuple[tuple[str, int, int], ...]
    templates: tuple[str, ...]


@dataclass(frozen=True)
class Slot:
    """One sentence of a text, there with probability `share`, by the first variant that suits the row."""

    name: str
    variants: tuple[Variant, ...]
    share: float = 1.0


@dataclass(frozen=True)
class Prose:
    """Sentences joined by spaces; templates hold {column} and {masculine|feminine}, decided by `sex`.

    {first_name}, whatever it is called, stands for the first name alone in the column `name`.
    """

    slots: tuple[Slot, ...]
    sex: str
    masculine: str
    name: str
    first_name: str

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that the text speaks of or depends on."""
        variants = [variant for slot in self.slots for variant in slot.variants]
        asked = [name for variant in variants for name, _, _ in variant.when]
        named = [name for v in variants for template in v.templates for name in PLACEHOLDER.findall(template)]
        spoken = [self.name if name == self.first_name else name for name in named]
        return tuple(dict.fromkeys([self.sex, *asked, *spoken]))


@dataclass(frozen=True)
class Given:
    """Not drawn but read from elsewhere, as it stands there."""

    kind: Literal["integer", "text"]


Draw = Choice | Chance | Number | YearsSince | Lookup | Subset | FullName | Prose | Given
