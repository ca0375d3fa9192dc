"""The ways to draw a column: weights, factors by which other columns change them, and templates of texts.

They are plain values without lambdas or SQL, from which `profiles/drawing.py` draws.
"""

import re
from dataclasses import dataclass

from synthprof.base.column_kinds import Kind

PLACEHOLDER = re.compile(r"\{(\w+)\}")
"""Matches a column's name in a template of a text."""


@dataclass(frozen=True)
class Shift:
    """The factors by which another column changes the odds, for each of its values or bands.

    `edges` is empty for a category or flag (one row of factors per value); for a number, row i of the
    factors holds where edges[i] <= value < edges[i + 1]. A boolean is the number 0 or 1.
    """

    column: str
    edges: tuple[float, ...]
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
    """An integer from `low` on; low + i has the i-th weight. Reports group it into bands from `bands` on."""

    low: int
    weights: tuple[float, ...]
    bands: tuple[int, ...]
    shifts: tuple[Shift, ...] = ()


@dataclass(frozen=True)
class YearsSince:
    """Years x with 0 <= x <= top, where top = min(column - start, most).

    The weight of x is (x + 1) ** rise * (top + 1 - x) ** fall, an integer, so that it is exact on every
    machine. With equal exponents the middle is likeliest; a larger `rise` means an earlier start.
    """

    column: str
    start: int
    most: int
    rise: int
    fall: int


@dataclass(frozen=True)
class Lookup:
    """A value that follows from another column: `values[codes[i]]` where that column has its i-th value."""

    column: str
    values: tuple[str, ...]
    codes: tuple[int, ...]


@dataclass(frozen=True)
class Subset:
    """One to `len(sizes)` different values in order of preference; sizes[i] is the weight of i + 1 values.

    With `first`, that value is always the first one, and the odds apply to the rest. With `through`, an item
    of another list column must allow each value; `reachable[j]` holds the indices of the values that its j-th
    item allows. Example: a favourite game runs on a platform that the player has.
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
    The birth year is `year` minus the age, so that no clock is read. These names are those of `locale`;
    other locales have their own masculine and feminine names.
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

    For a category or flag the range holds value indices. Without `when` the templates apply to every row.
    """

    when: tuple[tuple[str, int, int], ...]
    templates: tuple[str, ...]


@dataclass(frozen=True)
class Slot:
    """One sentence of a text, present with probability `share`, from the first variant that fits the row."""

    name: str
    variants: tuple[Variant, ...]
    share: float = 1.0


@dataclass(frozen=True)
class Prose:
    """Sentences joined by spaces; templates hold {column} and {masculine|feminine}, decided by `sex`.

    The placeholder named by `first_name` stands for the first name alone in the column `name`.
    """

    slots: tuple[Slot, ...]
    sex: str
    masculine: str
    name: str
    first_name: str

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that the text names or depends on."""
        variants = [variant for slot in self.slots for variant in slot.variants]
        asked = [name for variant in variants for name, _, _ in variant.when]
        named = [name for v in variants for template in v.templates for name in PLACEHOLDER.findall(template)]
        spoken = [self.name if name == self.first_name else name for name in named]
        return tuple(dict.fromkeys([self.sex, *asked, *spoken]))


@dataclass(frozen=True)
class Given:
    """A column that is not drawn but read from a source, unchanged; its kind says how it is stored."""

    kind: Kind


Draw = Choice | Chance | Number | YearsSince | Lookup | Subset | FullName | Prose | Given
