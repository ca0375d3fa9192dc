"""Numbers, truth and locales as people write them: understood where there is no doubt, else refused.

Every door calls this: the command line, `make run`, files in `datasets/`, the Python functions, the HTTP API
and the conditions of a search. What the spec holds does not depend on how it was written.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from synthprof.base.errors import SpecError
from synthprof.base.values import TRUTH, without_zeros
from synthprof.spec.locales import read_locale

LARGEST_EXPONENT = {True: 40, False: 308}
"""Powers of ten beyond every bound, of whole numbers and of others: messages would write them out."""

MAX_SHOWN = 80
"""Characters of a value in a message."""

FACTORS = {"k": 3, "K": 3, "M": 6, "G": 9}
"""Powers of ten that a letter after a number stands for; a small m might be a thousandth."""

_MARKS = str.maketrans("٫٬−’", ".,-'")
_FORM = re.compile(r"([+-]?)([0-9., '_]*[0-9][.,]?)(?:[eE]([+-]?[0-9]{1,9})| ?([kKMG]))?")
_GROUPED = re.compile(r"[0-9]{1,3}(?:([., '])[0-9]{3})(?:\1[0-9]{3})*")
_POWER_OF_TWO = re.compile(r"([+-]?)0([xX][0-9a-fA-F]+|[oO][0-7]+|[bB][01]+)")
_NOT_FINITE = re.compile(r"[+-]?(nan|inf|infinity|∞)")


class Bounds(NamedTuple):
    """The bounds of a number: whole or not, and its least and greatest value where there are such."""

    whole: bool
    low: int | float | None = None
    high: int | float | None = None

    @property
    def rule(self) -> str:
        """The form to write, as in `a whole number from 1 to 100`."""
        span = f" from {self.low:,} to {self.high:,}" if None not in (self.low, self.high) else ""
        return f"a {'whole ' if self.whole else ''}number{span}"

    def hold(self, number: Decimal) -> bool:
        """Return whether the number may be."""
        return not (
            (self.whole and number != number.to_integral_value())
            or (self.low is not None and number < self.low)
            or (self.high is not None and number > self.high)
        )


def read_value(name: str, value: Any, schema: Mapping[str, Any]) -> Any:  # noqa: ANN401
    """Return the value of a parameter as its JSON Schema has it; what is no text is returned as it is.

    Raises SpecError for a text that states no such value, or more than one. Bounds are left for the schema.
    """
    if not isinstance(value, str):
        return value
    if name == "locale":
        return read_locale(value)
    types = schema.get("type", ())
    types = (types,) if isinstance(types, str) else types
    if "boolean" in types:
        return read_truth(name, value)
    if "integer" in types or "number" in types:
        bounds = Bounds("integer" in types, schema.get("minimum"), schema.get("maximum"))
        number = read_number(name, value, bounds)
        return int(number) if bounds.whole else float(number) + 0.0
    return value


def read_truth(name: str, text: str) -> bool:
    """Return the truth that a word states. Raises SpecError for another word."""
    found = TRUTH.get(text.strip().casefold())
    if found is None:
        raise SpecError(f"{name}={text!r:.{MAX_SHOWN}} is neither true nor false; write true or false")
    return found


def read_whole(name: str, text: str, low: int | None = None, high: int | None = None) -> int:
    """Return the whole number that a text states. Raises SpecError also for one out of these bounds."""
    bounds = Bounds(True, low, high)
    number = read_number(name, text, bounds)
    if not bounds.hold(number):
        raise SpecError(f"{name}={text!r:.{MAX_SHOWN}} is not {bounds.rule}; write one")
    return int(number)


def read_number(name: str, text: str, bounds: Bounds) -> Decimal:
    """Return the number that a text states, without regard to the bounds if there is but one.

    Groups of three digits may be divided by points, commas, spaces, apostrophes or _, a fraction begins with
    a point or a comma. A number such as 1.000, which is one with groups and another with a fraction, is
    the one within the bounds. Raises SpecError if both are, and for what is no finite number.
    """
    shown = f"{name}={text!r:.{MAX_SHOWN}}"
    plain = _plain(text)
    if not plain:
        raise SpecError(f"{shown} is empty; write {bounds.rule}")
    if _NOT_FINITE.fullmatch(plain.lower()):
        raise SpecError(f"{shown} is not a finite number; write {bounds.rule}")
    meant = list(dict.fromkeys(_readings(plain, bounds.whole)))
    if not meant:
        raise SpecError(f"{shown} is not a {'whole ' if bounds.whole else ''}number; write {bounds.rule}")
    if any(number and number.adjusted() > LARGEST_EXPONENT[bounds.whole] for number in meant):
        raise SpecError(f"{shown} is far too large; write {bounds.rule}")
    possible = [number for number in meant if bounds.hold(number)] or meant[:1]
    if len(possible) > 1:
        less, more = map(without_zeros, sorted(possible))
        raise SpecError(f"{shown} could mean {less} or {more}; write {more} or {less}")
    if bounds.whole and possible[0] != possible[0].to_integral_value():
        raise SpecError(f"{shown} is not a whole number; write {bounds.rule}")
    return possible[0]


def _plain(text: str) -> str:
    """Return the text with digits, marks and spaces of ASCII."""
    digits = (str(unicodedata.decimal(each, each)) for each in text.translate(_MARKS).strip())
    return "".join(" " if each.isspace() else each for each in digits)


def _readings(plain: str, whole: bool) -> Iterator[Decimal]:
    """Yield the numbers that a text may state: none, one, or two if three digits follow its only mark."""
    if found := _POWER_OF_TWO.fullmatch(plain):
        yield Decimal(int(f"{found[1]}0{found[2]}", 0))
    elif found := _FORM.fullmatch(plain):
        sign, digits, exponent, letter = found.groups()
        power = max(-9_999, min(int(exponent or FACTORS.get(letter or "", 0)), 9_999))
        forms = [_fraction(digits)] if exponent else [_fraction(digits), _groups(digits, whole)]
        for form in forms:
            if form is not None:
                yield Decimal(f"{sign}{form}e{power}")


def _fraction(digits: str) -> str | None:
    """Return the number whose last point or comma begins a fraction."""
    before, mark, after = re.fullmatch("(.*?)(?:([.,])([0-9]*))?", digits).groups()  # type: ignore[union-attr]
    before = re.sub("(?<=[0-9])_(?=[0-9])", "", before)
    grouped = _GROUPED.fullmatch(before)
    if grouped and grouped[1] != mark:
        before = before.replace(grouped[1], "")
    return (
        f"{before or 0}.{after or 0}" if re.fullmatch("[0-9]*", before) and before + (after or "") else None
    )


def _groups(digits: str, whole: bool) -> str | None:
    """Return the number whose marks all divide groups of three digits.

    A single point does so only in whole numbers: elsewhere it begins a fraction, as in all that is printed.
    """
    found = _GROUPED.fullmatch(digits)
    if found is None or digits.startswith("0") or (digits.count(".") == 1 and not whole):
        return None
    return digits.replace(found[1], "")
