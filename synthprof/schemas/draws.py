"""The ways to draw a column: weights, factors by which other columns change them, and templates of texts.

They are plain values without lambdas or SQL, from which `profiles/drawing.py` draws.
"""

import re
from dataclasses import dataclass
from typing import Any, Literal

from synthprof.base.column_kinds import Kind

PLACEHOLDER = re.compile(r"\{(\w+(?::[^{}]*)?)\}")
"""Matches a column's name in a template of a text, with its format behind a colon."""

FORMS = re.compile(r"\{(?!\w+:)([^{}]*[|~][^{}]*)\}")
"""Matches the forms of a word: `~` between those of voices, `|` between those that a column chooses."""

Bound = bool | int | float | str | None


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
    machine. With equal exponents the middle is likeliest; a larger `rise` means an earlier start. Where
    there are `starts`, starts[i] multiplies the weights of those who began at the number start + i, the last
    also of those who began later.
    """

    column: str
    start: int
    most: int
    rise: int
    fall: int
    starts: tuple[float, ...] = ()
    shifts: tuple[Shift, ...] = ()


@dataclass(frozen=True)
class Lookup:
    """A value that follows from another column: `values[codes[i]]` where that column has its i-th value."""

    column: str
    values: tuple[str, ...]
    codes: tuple[int, ...]


@dataclass(frozen=True)
class Summary:
    """The level of a list by those of its items: the largest, the smallest or the sum of their levels.

    levels[i] is the level of the i-th item. `values` are what levels from 0 on are called; without them the
    level itself is the value. most: items of the list at most.
    """

    column: str
    take: Literal["largest", "smallest", "sum"]
    levels: tuple[int, ...]
    most: int
    values: tuple[str, ...] = ()

    @property
    def span(self) -> tuple[int, int]:
        """The lowest and the highest level that a list can have."""
        times = self.most if self.take == "sum" else 1
        return min(self.levels), max(self.levels) * times


@dataclass(frozen=True)
class Subset:
    """One to `len(sizes)` different values in order of preference; sizes[i] is the weight of i + 1 values.

    With `first`, that value is always the first one, and the odds apply to the rest. With `through`, an item
    of another list column must allow each value, mostly its first item the first one; `reachable[j]` holds
    the indices of the values that its j-th item allows. Example: a favourite game runs on a platform that the
    player has, the best on the one that is used most.

    A value that has `requires` stands only in lists with one of those values before it, and one that has
    `excludes` in none with any of those; both hold indices. `size_shifts` are factors on the sizes.
    """

    values: tuple[str, ...]
    weights: tuple[float, ...]
    sizes: tuple[float, ...]
    shifts: tuple[Shift, ...] = ()
    first: str | None = None
    through: str | None = None
    reachable: tuple[tuple[int, ...], ...] = ()
    size_shifts: tuple[Shift, ...] = ()
    requires: tuple[tuple[int, tuple[int, ...]], ...] = ()
    excludes: tuple[tuple[int, tuple[int, ...]], ...] = ()


@dataclass(frozen=True)
class FullName:
    """A first name by sex and birth decade, then one last name, or two with probability `two_lasts`.

    firsts[s] are the names of the s-th sex, weights[s][i][d] the weight of the i-th in the d-th decade.
    The birth year is `year` minus the age, so that no clock is read. These names are those of `locale`;
    other locales have their own masculine and feminine names, and nothing of what follows.

    shifts: the factors of other columns on last names. particles: the word before each last name, as `da`,
    with the probability of particle_shares; the second of two has none where the first has one. between:
    words between two last names, as `e`, with their probabilities; no particle follows them. suffix: what
    ends the name, an empty text for nothing.
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
    shifts: tuple[Shift, ...] = ()
    particles: tuple[str, ...] = ()
    particle_shares: tuple[float, ...] = ()
    between: tuple[str, ...] = ()
    between_shares: tuple[float, ...] = ()
    suffix: Choice | None = None

    @property
    def given(self) -> tuple[str, ...]:
        """The columns that must be drawn before a name."""
        shifts = (*self.shifts, *(self.suffix.shifts if self.suffix else ()))
        return (self.sex, self.age, *(shift.column for shift in shifts))


@dataclass(frozen=True)
class Variant:
    """Templates for rows whose columns lie in the ranges of `when`: (column, lowest, highest).

    For a category or flag the range holds value indices, for a list numbers of items; for a text, bool or
    date of a model it holds the value as it is written. (column, None, None) are the rows in which the column
    has no value. Without `when` the templates apply to every row; with `voice`, to texts in that voice.
    """

    when: tuple[tuple[str, Bound, Bound], ...]
    templates: tuple[str, ...]
    voice: str = ""


@dataclass(frozen=True)
class Slot:
    """One sentence of a text, or a phrase within sentences, from the first variant that fits the row.

    It is there with probability `share`.
    """

    name: str
    variants: tuple[Variant, ...]
    share: float = 1.0


@dataclass(frozen=True)
class Forms:
    """The column that chooses among the forms of a word, `{o|a}`: the i-th form for the i-th of `values`.

    Other values of the column choose the last form.
    """

    column: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class Reading:
    """The way in which the values of a column read in `{column:name}`: (value, text) pairs, else `other`.

    In a text `{}` stands for the value and `{lower}` for the value in lower case.
    """

    name: str
    column: str
    other: str = "{}"
    values: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Plan:
    """The sentences of some texts: those of `begin`, then those of `free` in any order, then those of `end`.

    size: of the texts that it is for, one of spec.SIZES. some: fewest and most sentences of `free` in a text;
    None for all. between: what stands between sentences. capital: whether each begins with a capital letter.
    """

    size: str
    begin: tuple[str, ...]
    free: tuple[str, ...] = ()
    end: tuple[str, ...] = ()
    weight: float = 1.0
    some: tuple[int, int] | None = None
    between: str = " "
    capital: bool = True

    @property
    def slots(self) -> tuple[str, ...]:
        """The sentences, in the order in which they are declared."""
        return (*self.begin, *self.free, *self.end)


@dataclass(frozen=True)
class Turns:
    """A placeholder that the sentences of a text read by turns, so that neighbours differ.

    entries: of each turn the text in each voice.
    """

    name: str
    entries: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Habit:
    """Groups of rows that use few of a sentence's shapes, mostly the same ones; another group uses others.

    groups: of each value of the column, a category or list, the group; of a list its first item counts.
    spread: the part of the shapes that a group uses, from 0 for one of them to 1 for any.
    """

    column: str
    groups: tuple[int, ...]
    spread: float


@dataclass(frozen=True)
class Prose:
    """Sentences planned for each row, from templates with {column}, {column:format}, {phrase} and {o|a}.

    Forms are chosen by `forms`, or by `sex`, whose other values than `masculine` choose the second one. A
    category may choose by itself: `{plan:free|paid}` has a word for each of its values, in their order; a
    list chooses the first of two words where it has one item. The placeholder `first_name` stands for the
    first name alone in the column `name`. A template that names a column without a value is passed over,
    and a sentence without another is left out. `voices` are the persons in which a text may be told, with
    weights. Without `plans` of its size a text has all slots in their order. `habit` makes shapes depend on
    the row.
    """

    slots: tuple[Slot, ...]
    sex: str = ""
    masculine: str = ""
    name: str = ""
    first_name: str = ""
    forms: Forms | None = None
    phrases: tuple[Slot, ...] = ()
    readings: tuple[Reading, ...] = ()
    plans: tuple[Plan, ...] = ()
    voices: tuple[tuple[str, float], ...] = ()
    turns: tuple[Turns, ...] = ()
    size: str = "rich"
    habit: Habit | None = None

    @property
    def chosen_by(self) -> Forms | None:
        """The choice among the forms of a word; None if nothing chooses."""
        return Forms(self.sex, (self.masculine, "")) if self.sex else self.forms

    @property
    def templates(self) -> tuple[str, ...]:
        """All templates of sentences, phrases and turns, in order."""
        told = [text for slot in (*self.slots, *self.phrases) for v in slot.variants for text in v.templates]
        return (*told, *(text for turns in self.turns for entry in turns.entries for text in entry))

    @property
    def own_names(self) -> frozenset[str]:
        """The placeholders that name no column: phrases and turns."""
        return frozenset({*(phrase.name for phrase in self.phrases), *(turns.name for turns in self.turns)})

    @property
    def keys(self) -> tuple[str, ...]:
        """The names in the braces of the templates: columns, with their formats; each once."""
        own = self.own_names
        found = dict.fromkeys(key for text in self.templates for key in PLACEHOLDER.findall(text))
        return tuple(key for key in found if key not in own)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that the text names or depends on."""
        variants = [variant for slot in (*self.slots, *self.phrases) for variant in slot.variants]
        asked = [name for variant in variants for name, _, _ in variant.when]
        named = [key.partition(":")[0] for key in self.keys]
        spoken = [self.name if self.first_name and name == self.first_name else name for name in named]
        choosing = [by.column for by in (self.chosen_by, self.habit) if by]
        return tuple(dict.fromkeys([*choosing, *asked, *spoken]))

    @property
    def planned(self) -> tuple[Plan, ...]:
        """The plans of the text's size, or one of all slots in their order."""
        plans = tuple(plan for plan in self.plans if plan.size == self.size)
        return plans or (Plan(self.size, tuple(slot.name for slot in self.slots), capital=bool(self.plans)),)

    def told_in(self, plan: Plan) -> tuple[Slot, ...]:
        """Return the sentences of a plan, in the order in which it declares them."""
        named = {slot.name: slot for slot in self.slots}
        return tuple(named[name] for name in plan.slots) if plan in self.plans else self.slots


@dataclass(frozen=True)
class Given:
    """A column that is not drawn but read from a source, unchanged; its kind says how it is stored."""

    kind: Kind


Draw = Choice | Chance | Number | YearsSince | Lookup | Subset | Summary | FullName | Prose | Given


def shifts_of(draw: Any) -> tuple[Shift, ...]:  # noqa: ANN401  models of draws have none
    """Return all factors that other columns have on a draw, on its values and on its sizes."""
    return (*getattr(draw, "shifts", ()), *getattr(draw, "size_shifts", ()))
