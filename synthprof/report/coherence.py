"""Counts of a version by the rules and margins of its schema, and the verdicts that follow from them."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from synthprof.base.intervals import OUTSIDE, binomial_interval

if TYPE_CHECKING:  # which loads NumPy and Arrow
    from synthprof.profiles.coherence import Counted, CountedMargin


@dataclass(frozen=True)
class RuleFacts:
    """A rule: the rows of its table, those that broke it, the share that may. table: "" for the profiles."""

    name: str
    doc: str
    table: str
    rows: int
    broken: int
    ceiling: float

    @property
    def share(self) -> float:
        """The share of the rows that broke it."""
        return self.broken / max(self.rows, 1)

    @property
    def above(self) -> bool:
        """True if more rows broke it than its ceiling and chance (99 %) explain."""
        return self.broken > binomial_interval(self.ceiling, self.rows)[1]


@dataclass(frozen=True)
class CellFacts:
    """A cell of a margin: its values, the share asked for, and the rows in it of those that count.

    rounding: how exact the share is.
    """

    values: tuple[str, ...]
    asked: float
    rows: int
    drawn: int
    rounding: float

    @property
    def share(self) -> float:
        """The share that was drawn."""
        return self.drawn / max(self.rows, 1)

    @property
    def interval(self) -> tuple[float, float]:
        """The shares between which 99 % of samples of so many rows lie."""
        return self.interval_of(OUTSIDE)

    def interval_of(self, outside: float) -> tuple[float, float]:
        """Return the shares beyond which, on either side, that share of samples lies at most."""
        low, _ = binomial_interval(max(self.asked - self.rounding, 0.0), self.rows, outside)
        _, high = binomial_interval(min(self.asked + self.rounding, 1.0), self.rows, outside)
        return low / max(self.rows, 1), high / max(self.rows, 1)

    @property
    def holds(self) -> bool:
        """True if the drawn share lies in the interval, and where no row counts."""
        low, high = self.interval
        return not self.rows or low <= self.share <= high

    @property
    def deviation(self) -> float:
        """The distance of the drawn share from the asked one."""
        return abs(self.share - self.asked)


@dataclass(frozen=True)
class MarginFacts:
    """A margin: what was asked, of whom, by which source, and its cells."""

    name: str
    columns: tuple[str, ...]
    population: str
    source: str
    cells: tuple[CellFacts, ...]

    @property
    def outside(self) -> int:
        """The number of cells whose share lies outside its interval."""
        return sum(not cell.holds for cell in self.cells)

    @property
    def holds(self) -> bool:
        """True if chance explains all cells at once: in 99 % of samples none lies as far from its share."""
        of_each = OUTSIDE / len(self.cells)
        bounds = ((cell, cell.interval_of(of_each)) for cell in self.cells if cell.rows)
        return all(low <= cell.share <= high for cell, (low, high) in bounds)

    @property
    def worst(self) -> CellFacts:
        """The cell that is farthest from its share, of those outside their intervals if there are any."""
        return max(self.cells, key=lambda cell: (not cell.holds, cell.deviation))


@dataclass(frozen=True)
class Coherence:
    """The rows of a version, those that break none of its rules, then its rules and margins."""

    rows: int
    coherent: int
    rules: tuple[RuleFacts, ...] = ()
    margins: tuple[MarginFacts, ...] = ()

    @property
    def share(self) -> float:
        """The share of the rows that break no rule."""
        return self.coherent / max(self.rows, 1)

    @property
    def worst(self) -> RuleFacts | None:
        """The rule that the largest share of rows broke, if any did."""
        found = max(self.rules, key=lambda rule: rule.share, default=None)
        return found if found and found.broken else None

    @property
    def faults(self) -> tuple[str, ...]:
        """A sentence for each rule above its ceiling, and for each margin that does not hold."""
        rules = (
            f"rule {rule.name!r}: {percent(rule.share)} of {rule.table or 'the rows'}, "
            f"at most {percent(rule.ceiling)}"
            for rule in self.rules
            if rule.above
        )
        margins = (
            f"margin {margin.name!r}: {', '.join(margin.worst.values)} {percent(margin.worst.share)}, asked "
            f"{percent(margin.worst.asked)}, {margin.outside} of {len(margin.cells)} shares are outside"
            for margin in self.margins
            if not margin.holds
        )
        return (*rules, *margins)

    def as_document(self) -> dict[str, Any]:
        """Return what was counted, as JSON has it; empty if there was nothing to count."""
        return json.loads(json.dumps(asdict(self))) if self.rules or self.margins else {}

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> "Coherence | None":
        """Return what a document says; None of an empty one."""
        if not document:
            return None
        rules = tuple(RuleFacts(**each) for each in document["rules"])
        return cls(document["rows"], document["coherent"], rules, tuple(map(_margin_of, document["margins"])))

    def told(self) -> dict[str, Any]:
        """Return the document with shares, intervals and verdicts, for programs."""
        worst = self.worst
        return {
            "rows": self.rows,
            "coherent": self.coherent,
            "share": round(self.share, 6),
            "worst": worst.name if worst else None,
            "rules": [
                {**asdict(each), "share": round(each.share, 6), "above": each.above} for each in self.rules
            ],
            "margins": [_told_margin(each) for each in self.margins],
        }


def coherence_of(counted: "Counted") -> Coherence:
    """Return what follows from counts of rules and margins."""
    rules = (
        RuleFacts(each.rule.name, each.rule.doc, each.table, each.rows, each.broken, each.rule.ceiling)
        for each in counted.rules
    )
    return Coherence(counted.rows, counted.coherent, tuple(rules), tuple(map(_margin, counted.margins)))


def in_one_line(coherence: Coherence) -> str:
    """Return the share of coherent rows and the worst rule in a line.

    >>> in_one_line(Coherence(1000, 998, (RuleFacts("too young", "", "", 1000, 2, 0.01),)))
    '99.8 %, worst rule: too young (0.2 %, 1 % allowed)'
    """
    worst = coherence.worst
    if not coherence.rules:
        return "no rules"
    if worst is None:
        return f"{percent(coherence.share)}, no row breaks any of {len(coherence.rules)} rules"
    told = f"{percent(worst.share)}, {percent(worst.ceiling)} allowed"
    return f"{percent(coherence.share)}, worst rule: {worst.name} ({told})"


def in_words(coherence: Coherence) -> list[str]:
    """Return how many rules and margins hold, a sentence each."""
    lines = []
    if rules := len(coherence.rules):
        kept = rules - sum(rule.above for rule in coherence.rules)
        lines.append(f"{kept} of {rules} rules are below their ceilings.")
    if margins := len(coherence.margins):
        held = sum(margin.holds for margin in coherence.margins)
        lines.append(f"{held} of {margins} margins hold: chance (99 %) explains all their shares.")
    return lines


def ranked(rules: Iterable[RuleFacts]) -> list[RuleFacts]:
    """Return rules with the most broken first."""
    return sorted(rules, key=lambda rule: -rule.share)


def cell_texts(cell: CellFacts) -> tuple[str, str, str, str]:
    """Return the values of a cell, the share asked for, the drawn one, and the interval."""
    low, high = cell.interval
    return (
        ", ".join(cell.values),
        percent(cell.asked),
        percent(cell.share),
        f"{percent(low).removesuffix(' %')} to {percent(high)}",
    )


def percent(share: float) -> str:
    """Return a share in per cent with as many digits as tell small ones apart; never 100 % unless it is."""
    value = 100 * share
    if value in (0, 100):
        return f"{value:.0f} %"
    near = min(value, 100 - value)
    digits = 1 if near >= 0.95 else 2 if near >= 0.095 else 3 if near >= 0.0095 else 4
    text = f"{value:.{digits}f}"
    return f"{text.rstrip('0').rstrip('.') if '.' in text and near < 0.95 else text} %"


def _margin(counted: "CountedMargin") -> MarginFacts:
    margin = counted.margin
    last = margin.axes[-1].cells
    first = margin.axes[0].cells if len(margin.axes) == 2 else (None,)
    cells = [
        CellFacts(
            tuple(cell.label for cell in (one, other) if cell),
            asked,
            counted.bases[place] if margin.within else counted.bases[0],
            counted.cells[place][at],
            margin.rounding,
        )
        for place, one in enumerate(first)
        for at, other in enumerate(last)
        if (asked := margin.shares[place][at]) is not None
    ]
    columns = tuple(axis.expression for axis in margin.axes)
    return MarginFacts(margin.name, columns, margin.population, margin.source, tuple(cells))


def _margin_of(document: Mapping[str, Any]) -> MarginFacts:
    cells = (CellFacts(**{**each, "values": tuple(each["values"])}) for each in document["cells"])
    return MarginFacts(**{**document, "columns": tuple(document["columns"]), "cells": tuple(cells)})


def _told_margin(margin: MarginFacts) -> dict[str, Any]:
    cells: Sequence[dict[str, Any]] = [
        {
            **asdict(cell),
            "share": round(cell.share, 6),
            "interval": [round(each, 6) for each in cell.interval],
            "holds": cell.holds,
        }
        for cell in margin.cells
    ]
    found = {**asdict(margin), "cells": cells, "outside": margin.outside, "holds": margin.holds}
    return found | {"largest_deviation": round(margin.worst.deviation, 6)}
