"""Parameters of a draw by case: a combination of archetype and of the columns that they depend on."""

import itertools
from collections.abc import Iterator, Mapping

import numpy as np

from synthprof.base.errors import SpecError
from synthprof.profiles.axes import Cases, GivenAxis, joint
from synthprof.profiles.elementary import Floats
from synthprof.profiles.samplers.sampler import Rows, Setting
from synthprof.schemas.draw_kinds.parameters import MAX_CASES, By, Parametric, edges_of


class ByCase:
    """The parameters of a draw, each (cases,) float64, and the case of each row.

    Raises SpecError for more than MAX_CASES cases.
    """

    def __init__(self, draw: Parametric, setting: Setting) -> None:
        self._names = [archetype.name for archetype in setting.schema.archetypes]
        self._mixed = bool(draw.archetype) and setting.separation > 0
        self._axes = list(dict.fromkeys(_axis(by) for _, by in draw.dependent))
        self._sizes = [axis.size for axis in self._axes]
        self.count = int(np.prod(self._sizes, dtype=np.int64)) * (len(self._names) if self._mixed else 1)
        if self.count > MAX_CASES:
            raise SpecError(
                f"{setting.column.name}: its parameters have {self.count} cases, {MAX_CASES} at most; "
                "let them depend on fewer values, or use bands"
            )
        self._values = {name: list(self._each(draw, name, setting)) for name in draw.parameters}

    def __getitem__(self, name: str) -> Floats:
        """Return a parameter for each case."""
        return np.array(self._values[name], dtype=np.float64)

    def of(self, rows: Rows) -> Cases | None:
        """Return the case of each row, (count,); None where there is one case."""
        archetypes = [(len(self._names), rows.archetypes.astype(np.intp))] if self._mixed else []
        given = [(axis.size, rows.codes(axis)) for axis in self._axes]
        return joint([*archetypes, *given])

    def _each(self, draw: Parametric, name: str, setting: Setting) -> Iterator[float]:
        value = getattr(draw, name)
        own = _by_code(value) if isinstance(value, By) else (value,)
        place = self._axes.index(_axis(value)) if isinstance(value, By) else None
        for archetype in self._names if self._mixed else [""]:
            for codes in itertools.product(*map(range, self._sizes)):
                common = own[0 if place is None else codes[place]]
                yield _blend(common, draw.archetype.get(archetype, {}), name, setting.separation)


def of_case(numbers: Floats, cases: Cases | None) -> Floats:
    """Return the numbers (cases,) of each row, (n,), or the one for all rows, (1,)."""
    return numbers if cases is None else numbers.take(cases)


def _blend(common: float, archetype: Mapping[str, float], name: str, separation: float) -> float:
    return (1 - separation) * common + separation * archetype[name] if name in archetype else common


def _axis(by: By) -> GivenAxis:
    if by.bands:
        return GivenAxis(by.by, edges=edges_of(by.bands, by.by))
    return GivenAxis(by.by, values=tuple(by.values))


def _by_code(by: By) -> tuple[float, ...]:
    """Return the number of each code; values without a number have the last, which check_by leaves unused."""
    if by.bands:
        return tuple(by.bands.values())
    numbers = tuple(by.values.values())
    return (*numbers, numbers[-1] if by.other is None else by.other)
