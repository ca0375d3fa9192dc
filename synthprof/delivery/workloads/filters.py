"""The filters of a workload: those there are by name, and those that it has unless others are asked for."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from synthprof.base.errors import SpecError
from synthprof.delivery.workloads.conditions import Part, as_condition
from synthprof.delivery.workloads.labels import Label
from synthprof.delivery.workloads.tenants import EXPONENT, TENANT, TENANTS

SHARES = (0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.001, 0.0001)
"""Selectivities: shares of the rows."""

CORRELATED_SHARES = (0.1, 0.01, 0.001)
"""Those that labels with a correlation have, unless others are asked for."""

NEARNESS = {"": 0.0, "_near100": 1.0, "_near50": 0.5, "_far50": -0.5, "_far100": -1.0}
"""The endings of names of labels, and their correlations."""

ON_COLUMNS = (
    *(("column", share) for share in (0.2, 0.05, 0.01, 0.001)),
    *(("range", share) for share in (0.5, 0.1, 0.02, 0.005)),
    *(("and", share) for share in (0.1, 0.01, 0.0001)),
)
"""Filters on real columns, unless others are asked for: each selectivity at least once."""

RANKS = (0, 9, 99, 999)
"""Tenants from the largest on that have a filter, unless others are asked for."""

NONE, ALL = "none", "all"

_LABEL = r"label_(\d+(?:\.\d+)?)p((?:_(?:near|far)\d{1,3})?)"
_COLUMN = r"(column|range|and)_(\d+(?:\.\d+)?)p"
_TENANT = r"tenant_(\d{1,6})"
_NAME = re.compile(rf"(?:{_LABEL}|{_COLUMN}|{_TENANT}(?:_{_LABEL})?)")


@dataclass(frozen=True)
class Wanted:
    """A filter that is asked for: its name, kind and selectivity, and what must be planted for it.

    kind: none, column, range, and, label or tenant. An `and` with a tenant is one of planted columns.
    """

    name: str
    kind: str
    share: float
    label: Label | None = None
    tenant: int | None = None

    @property
    def is_planted(self) -> bool:
        """True if its condition is on planted columns, or there is none."""
        return self.kind == NONE or self.label is not None or self.tenant is not None

    @property
    def correlation(self) -> float | None:
        """The correlation that is asked for; None for a filter that is no label."""
        return self.label.correlation if self.kind == "label" and self.label else None

    @property
    def condition(self) -> str:
        """The condition on planted columns."""
        parts = [] if self.tenant is None else [Part(TENANT, "=", self.tenant)]
        parts += [] if self.label is None else [Part(self.label.name, "=", True)]
        return as_condition(parts)


def percent(share: float) -> str:
    """Return a share as names have it: 0.001 is `0.1p`."""
    return f"{share * 100:.6f}".rstrip("0").rstrip(".") + "p"


def default_names(rows: int) -> tuple[str, ...]:
    """Return the names of the filters that a workload has unless others are asked for, at most 38.

    Of a version with few rows those are left out that not even one row would meet.

    >>> len(default_names(1_000_000)), len(default_names(100))
    (38, 26)
    """
    labels = [(share, "") for share in SHARES]
    labels += [(share, end) for share in CORRELATED_SHARES for end in NEARNESS if end]
    names = [(share, f"label_{percent(share)}{end}") for share, end in labels]
    names += [(share, f"{kind}_{percent(share)}") for kind, share in ON_COLUMNS]
    names += [(_share_of(rank), f"tenant_{rank}") for rank in RANKS]
    names += [(_share_of(0) / 2, "tenant_0_label_50p")]
    return (NONE, *(name for share, name in names if share * rows >= 1))


def wanted_filters(names: Sequence[str], rows: int) -> list[Wanted]:
    """Return the filters of those names, each once; the first is always that without a condition.

    names: of `all`, `none`, `label_2p`, `label_2p_near50` (correlation 0.5; `far` is below 0), `column_2p`,
    `range_2p`, `and_2p`, `tenant_9`, `tenant_9_label_2p`; numbers may be others. Raises SpecError for what is
    none of these.
    """
    every = [each for name in names for each in (default_names(rows) if name == ALL else (name,))]
    return [_wanted(name) for name in dict.fromkeys((NONE, *every))]


def _wanted(name: str) -> Wanted:
    if name == NONE:
        return Wanted(name, NONE, 1.0)
    found = _NAME.fullmatch(name)
    if found is None:
        raise SpecError(
            f"there is no filter {name[:80]!r}; write {ALL}, {NONE}, label_2p, label_2p_near50, column_2p, "
            "range_2p, and_2p, tenant_9 or tenant_9_label_2p, with any percentage, nearness and tenant"
        )
    share, end, kind, of_columns, rank, share_with, end_with = found.groups()
    if kind:
        return Wanted(name, kind, _share(name, of_columns))
    if rank is None:
        return Wanted(name, "label", _share(name, share), _label(name, share, end))
    if int(rank) >= TENANTS:
        raise SpecError(f"filter {name!r} names tenant {rank}; there are 0 to {TENANTS - 1}")
    size = _share_of(int(rank))
    if share_with is None:
        return Wanted(name, "tenant", size, None, int(rank))
    label = _label(name, share_with, end_with)
    return Wanted(name, "and", size * label.share, label, int(rank))


def _label(name: str, share: str, end: str) -> Label:
    part = re.fullmatch(r"_(near|far)(\d+)", end)
    correlation = 0.0 if part is None else int(part[2]) / (100.0 if part[1] == "near" else -100.0)
    if abs(correlation) > 1:
        raise SpecError(f"filter {name!r} asks for a correlation of {correlation}; use near or far 1 to 100")
    return Label(f"label_{percent(_share(name, share))}{end}", _share(name, share), correlation)


def _share(name: str, percentage: str) -> float:
    share = float(percentage) / 100
    if not 0 < share < 1:
        raise SpecError(
            f"filter {name!r} asks for {percentage} % of the rows; use more than 0 and less than 100"
        )
    return share


def _share_of(rank: int) -> float:
    """Return the share of the rows that a tenant has, before rounding."""
    weights = [math.pow(each + 1, -EXPONENT) for each in range(TENANTS)]
    return round(weights[rank] / math.fsum(weights), 9)
