"""The kinds of values that a collection carries: `bool`, `decimal(2)`, `list(date)` and so on."""

import re
from dataclasses import dataclass
from typing import Literal, cast, get_args

SqlType = Literal["INTEGER", "REAL", "TEXT"]

DIGITS = {"decimal": 9, "time": 6, "timestamp": 6, "timestamptz": 6, "duration": 6}
"""Kinds whose values have a fraction, and the digits of it where none are named, as in decimal(2)."""

KindName = Literal[
    "bool", "integer", "unsigned", "float", "decimal", "date", "time", "timestamp", "timestamptz", "duration",
    "list", "struct", "binary", "text",
]  # fmt: skip
KINDS: tuple[KindName, ...] = get_args(KindName)
NUMBERS = ("integer", "unsigned", "float", "decimal", "duration")
ORDERED = (*NUMBERS, "date", "time", "timestamp", "timestamptz")
"""Kinds whose values can be less or more than others."""

MAX_DIGITS = 38
"""Digits of a decimal, those of its fraction among them: Arrow's decimal128 has no more."""

_KIND = re.compile(r"([a-z]+)(?:\((.+)\))?")


@dataclass(frozen=True)
class Kind:
    """A kind: its name, the digits of its fraction where it has one, and of a list the kind of its items."""

    name: KindName
    digits: int = 0
    items: "Kind | None" = None

    @classmethod
    def of(cls, text: str) -> "Kind":
        """Return the kind that a text such as `decimal(2)` or `list(date)` names. Raises ValueError."""
        found = _KIND.fullmatch(text)
        name, of = found.groups() if found else (text, None)
        if name not in KINDS or (of and name != "list" and name not in DIGITS):
            raise ValueError(f"{text!r} is no kind of column; the kinds are {', '.join(KINDS)}")
        name = cast(KindName, name)
        if name == "list":
            items = cls.of(of or "text")
            if items.name in ("list", "struct"):
                raise ValueError(f"{text!r} is a list of lists; use struct, which keeps it as JSON")
            return cls(name, items=items)
        return cls(name, _digits(text, name, of) if name in DIGITS else 0)

    def __str__(self) -> str:
        if self.items is not None:
            return self.name if self.items.name == "text" else f"{self.name}({self.items})"
        return self.name if self.digits == DIGITS.get(self.name, 0) else f"{self.name}({self.digits})"

    @property
    def sql_type(self) -> SqlType:
        """The type of its column in SQLite."""
        return "INTEGER" if self.name in ("bool", "integer") else "REAL" if self.name == "float" else "TEXT"


def _digits(text: str, name: str, of: str | None) -> int:
    allowed = range(MAX_DIGITS + 1) if name == "decimal" else (0, 3, 6, 9)
    found = re.fullmatch(r"(?:[0-9]+,\s*)?([0-9]{1,2})", of or str(DIGITS[name]))  # SQL's decimal(12, 2)
    digits = int(found[1]) if found else -1
    if digits not in allowed:
        rule = f"0 to {MAX_DIGITS}" if name == "decimal" else "0, 3, 6 or 9"
        raise ValueError(f"{text!r} names no count of digits of a fraction; write {rule}, as in {name}(3)")
    return digits
