"""Telephone numbers, post codes and number plates by region."""

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from synthprof.schemas.draw_kinds.patterns import PartValues, Patterned
from synthprof.schemas.draw_kinds.regions import (
    AREA_CODES,
    CEP,
    DDD,
    GERMAN_FICTION,
    STATES_BR,
    STATES_US,
    ZIP_FIRST,
    by_state,
    spread,
)

State = Annotated[
    str | None, Field(description="A column with the state, as SP or São Paulo, CA or California.")
]

_EXCHANGES = tuple(f"{number}" for number in range(200, 1_000) if number % 100 != 11 and number != 555)
"""The second three digits of a telephone number in North America (NANPA): not N11, and 555 is for fiction."""


class Phone(Patterned):
    """A telephone number by region; in the US and Germany by default one that nobody has.

    BR: a mobile telephone, (11) 91234-5678. US: (212) 555-0123, as 555-0100 to 555-0199 are left to fiction.
    DE: 030 23125 123, one of the 5,000 numbers that are left to films; with fictional = false a mobile one.

    >>> Phone(region="BR").told
    '({area}) 9{[6-9]}{digit:3}-{digit:4}'
    """

    draw: Literal["phone"] = "phone"
    region: Annotated[Literal["BR", "US", "DE"], Field(description="The region.")]
    state: State = None
    fictional: Annotated[
        bool,
        Field(description="Only numbers that nobody has; of no meaning in BR, where none are kept free."),
    ] = True

    @property
    def patterns(self) -> Mapping[str, float]:
        """A pattern, or in Germany one for each length of a city's code."""
        if self.region == "BR":
            return {"({area}) 9{[6-9]}{digit:3}-{digit:4}": 1.0}
        if self.region == "US":
            return {"({area}) 555-01{digit:2}" if self.fictional else "({area}) {exchange}-{digit:4}": 1.0}
        if self.fictional:
            return {f"{begin} {{digit:3}}": 1.0 for begin in GERMAN_FICTION}
        return {"01{[567]}{digit} {[1-9]}{digit:6}": 1.0}

    @property
    def part_values(self) -> Mapping[str, PartValues]:
        """Area codes, by state if wanted, and exchanges."""
        if self.region == "DE":
            return {}
        codes = by_state(DDD, STATES_BR) if self.region == "BR" else by_state(AREA_CODES, STATES_US)
        parts = {"area": _by_state_or_any(codes, self.state)}
        return parts if self.region == "BR" else parts | {"exchange": PartValues(values=_EXCHANGES)}

    @model_validator(mode="after")
    def _with_states(self) -> Self:
        if self.state and self.region == "DE":
            raise ValueError("state has no meaning in region DE; leave it out")
        return self


class PostCode(Patterned):
    """A post code by region: 01310-100 in BR, 94105 in the US, 10115 in DE. It need not be in use.

    >>> PostCode(region="US", state="state").given
    ('state',)
    """

    draw: Literal["post_code"] = "post_code"
    region: Annotated[Literal["BR", "US", "DE"], Field(description="The region.")]
    state: State = None

    @property
    def patterns(self) -> Mapping[str, float]:
        """One pattern."""
        return {
            {"BR": "{area}{digit:2}-{digit:3}", "US": "{area}{digit:4}", "DE": "{area}{digit:3}"}[
                self.region
            ]: 1.0
        }

    @property
    def part_values(self) -> Mapping[str, PartValues]:
        """The first digits, by state if wanted."""
        if self.region == "DE":
            return {"area": PartValues(values=tuple(f"{number:02d}" for number in range(1, 100)))}
        if self.region == "BR":
            codes = by_state({state: spread(ranges) for state, ranges in CEP.items()}, STATES_BR)
        else:
            firsts = {state: first for first, states in ZIP_FIRST.items() for state in states.split()}
            codes = by_state(firsts, STATES_US)
        return {"area": _by_state_or_any(codes, self.state)}

    @model_validator(mode="after")
    def _with_states(self) -> Self:
        if self.state and self.region == "DE":
            raise ValueError("state has no meaning in region DE; leave it out")
        return self


class Plate(Patterned):
    """The number plate of a Brazilian car: ABC1D23 (Mercosul, from 2018), or ABC-1234 as before.

    >>> Plate().most_rows
    456976000
    """

    draw: Literal["plate"] = "plate"
    unique: Annotated[bool, Field(description="No two rows have the same plate.")] = True
    old: Annotated[bool, Field(description="As until 2018.")] = False

    @property
    def patterns(self) -> Mapping[str, float]:
        """One pattern."""
        return {"{letter:3}-{digit:4}" if self.old else "{letter:3}{digit}{letter}{digit:2}": 1.0}


def _by_state_or_any(codes: dict[str, tuple[str, ...]], state: str | None) -> PartValues:
    return PartValues(given=state, by=codes) if state else PartValues(values=codes["*"])


KINDS = (Phone, PostCode, Plate)
