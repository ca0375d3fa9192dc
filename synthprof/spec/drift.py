"""Kinds of drift between nights: what a data set of a later night has that the first one had not.

The parameter `drift` names them as `prior,concept:plan@3`: a kind, the column that drifts unless the schema
chooses it, and the first night that has it.
"""

import re
from dataclasses import dataclass
from typing import Literal, get_args

from synthprof.base.errors import SpecError

DriftKind = Literal["prior", "covariate", "concept", "new_category", "rotation"]

KINDS: tuple[DriftKind, ...] = get_args(DriftKind)
"""In the order in which they are applied."""

OF_COLUMNS: tuple[DriftKind, ...] = ("covariate", "concept", "new_category")
"""Those that happen to a column."""

QUARTER = 90.0
"""Degrees of a rotation of whole strength, after which nothing is left of what coordinates meant."""

_ITEM = rf"({'|'.join(KINDS)})(:[^\s,:@]{{1,63}})?(@[1-9][0-9]{{0,5}})?"

DRIFT_PATTERN = rf"^({_ITEM}( ?, ?{_ITEM}){{0,19}})?$(?!\n)"


@dataclass(frozen=True)
class Drift:
    """One drift: its kind, its column ("" for the schema's choice or none), and the first night with it."""

    kind: DriftKind
    column: str = ""
    since: int = 1

    def __str__(self) -> str:
        column = f":{self.column}" if self.column else ""
        return f"{self.kind}{column}{f'@{self.since}' if self.since > 1 else ''}"

    def strength(self, night: int, whole: float, nights: int) -> float:
        """Return its strength in a night, from 0 to `whole`, which it has after so many nights.

        >>> [Drift("prior", since=2).strength(night, 0.6, 3) for night in (1, 2, 3, 4, 5)]
        [0.0, 0.2, 0.4, 0.6, 0.6]
        """
        passed = min(max(night - self.since + 1, 0), nights)
        return round(whole * passed / nights, 12)


def parse_drift(text: str) -> tuple[Drift, ...]:
    """Return the drifts that a parameter names, in the order of KINDS. Raises SpecError if it is wrong.

    >>> parse_drift("concept:plan@3, prior")
    (Drift(kind='prior', column='', since=1), Drift(kind='concept', column='plan', since=3))
    """
    found = [_drift_of(item.strip()) for item in text.split(",")] if text else []
    for place, each in enumerate(found):
        if any((each.kind, each.column) == (other.kind, other.column) for other in found[:place]):
            raise SpecError(f"drift={text}: {each} is named twice; leave one out")
    return tuple(sorted(found, key=lambda each: (KINDS.index(each.kind), each.column)))


def _drift_of(item: str) -> Drift:
    match = re.fullmatch(_ITEM, item, re.ASCII)
    if match is None:
        raise SpecError(f"drift: {item!r} is no drift; write {', '.join(KINDS)}, as in prior,concept:plan@3")
    kind = next(each for each in KINDS if each == match[1])
    if match[2] and kind not in OF_COLUMNS:
        raise SpecError(f"drift: {item!r} names a column, but {kind} drifts as a whole; write {kind}")
    return Drift(kind, (match[2] or "")[1:], int((match[3] or "@1")[1:]))
