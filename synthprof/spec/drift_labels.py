"""Labels of a drift: for a night and each column, whether it drifted and how far its shares moved."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self


@dataclass(frozen=True)
class ColumnLabel:
    """The drift of a column: the kinds that name it, and how far its shares moved.

    follows: whether rows differ without its being named, as it depends on what drifted. psi, total_variation:
    between its shares in the first night and in this one; None for texts. given, total_variation_given: of a
    concept, the column that decides, and how far the shares moved within its two halves.
    """

    column: str
    kinds: tuple[str, ...] = ()
    drifted: bool = False
    follows: bool = False
    psi: float | None = None
    total_variation: float | None = None
    given: str = ""
    total_variation_given: float | None = None


@dataclass(frozen=True)
class DriftLabel:
    """A drift of the order: its column, the first night with it, its strength and whether it is there yet."""

    kind: str
    column: str
    since: int
    strength: float
    drifted: bool


@dataclass(frozen=True)
class Labels:
    """All labels of a night.

    prior: total variation of the archetypes' shares. degrees: the angle by which embeddings turned. sampled:
    the rows of each night that columns were compared by.
    """

    night: int
    drifts: tuple[DriftLabel, ...]
    columns: tuple[ColumnLabel, ...]
    prior: float = 0.0
    degrees: float = 0.0
    sampled: int = 0

    def as_document(self) -> dict[str, Any]:
        """Return the labels as JSON has them."""
        return {"format": 1, **asdict(self)}

    @property
    def moved(self) -> tuple[ColumnLabel, ...]:
        """The columns that drifted, then those that follow them, the ones that moved farthest first."""
        found = (each for each in self.columns if each.drifted or each.follows)
        return tuple(sorted(found, key=lambda each: (not each.drifted, -(each.total_variation or 0.0))))

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Self:
        """Return what a document says."""
        columns = (ColumnLabel(**{**each, "kinds": tuple(each["kinds"])}) for each in document["columns"])
        drifts = (DriftLabel(**each) for each in document["drifts"])
        told = {name: document[name] for name in ("night", "prior", "degrees", "sampled")}
        return cls(drifts=tuple(drifts), columns=tuple(columns), **told)
