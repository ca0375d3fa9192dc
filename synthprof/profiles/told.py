"""The rows that texts tell of: what the texts of one block are made from."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from synthprof.base.arrays import Codes
from synthprof.profiles.alias import Drawn
from synthprof.profiles.samplers.sampler import Flags


@dataclass(frozen=True)
class Items:
    """Items of lists, (most, count) codes, and how many each list has, (count,)."""

    items: Drawn
    counts: npt.NDArray[np.intp]


@dataclass(frozen=True)
class Renamed:
    """Rows in which the name is another than was drawn, and the first word of each row's name, (rows,)."""

    rows: npt.NDArray[np.intp]
    firsts: pa.StringArray


@dataclass(frozen=True)
class Told:
    """The parts of the texts of one block, each (count,).

    codes: of columns that are codes, as drawn. lists: of codes. firsts: codes into the fragments of
    names, by column. shown: a column as the table shows it. texts: what a column with its format reads.
    missing: the rows in which a column has no value. words: the next random words. renamed: the names that
    are others than `firsts` says, by column.
    """

    count: int
    codes: Mapping[str, Codes]
    lists: Mapping[str, Items]
    firsts: Mapping[str, npt.NDArray[np.int32]]
    shown: Callable[[str], pa.Array]
    texts: Callable[[str], pa.StringArray]
    missing: Callable[[str], Flags | None]
    words: Callable[[], npt.NDArray[np.uint32]]
    renamed: Mapping[str, Renamed] = field(default_factory=dict)
