"""Features of pictures, kept in files while a match is made, and read back picture by picture."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from synthprof.delivery.matching.plan import AT_ONCE
from synthprof.similarity.pictures.local import FEATURE, VIEW, Look

FACTS_FILE, FEATURES_FILE, VIEWS_FILE = "facts.bin", "features.bin", "views.bin"

FACTS = np.dtype([("features", "<u2"), ("seen", "u1"), ("width", "<u4"), ("height", "<u4"), ("hash", "<u8")])
"""A row for each picture. seen: 1 if it was decoded; 0 for one that cannot be read, or a copy of another."""

VIEW_BYTES = VIEW * VIEW

Records = npt.NDArray[Any]


def packed(looks: list[Look | None]) -> dict[str, bytes]:
    """Return what some pictures add to each file."""
    facts = np.zeros(len(looks), FACTS)
    features, views = [], []
    for at, look in enumerate(looks):
        if look is not None:
            facts[at] = (len(look.features), 1, look.width, look.height, look.hash)
            features.append(look.features.tobytes())
        views.append(look.view.tobytes() if look is not None else bytes(VIEW_BYTES))
    return {FACTS_FILE: facts.tobytes(), FEATURES_FILE: b"".join(features), VIEWS_FILE: b"".join(views)}


@dataclass
class Looks:
    """The looks of all pictures, read where they lie: a mapped file would count as memory of the process."""

    folder: Path
    facts: Records = field(init=False)
    offsets: npt.NDArray[np.int64] = field(init=False)

    def __post_init__(self) -> None:
        self.facts = np.fromfile(self.folder / FACTS_FILE, FACTS)
        self.offsets = np.zeros(len(self.facts) + 1, np.int64)
        np.cumsum(self.facts["features"], out=self.offsets[1:])
        self._features = os.open(self.folder / FEATURES_FILE, os.O_RDONLY)
        self._views = os.open(self.folder / VIEWS_FILE, os.O_RDONLY)

    def features(self, first: int, last: int) -> Records:
        """Return the features of the pictures from number `first` to before `last`, as `FEATURE`."""
        begin, end = int(self.offsets[first]), int(self.offsets[last])
        return self.records(begin, end)

    def records(self, begin: int, end: int) -> Records:
        """Return features by their own number."""
        size = FEATURE.itemsize
        return np.frombuffer(os.pread(self._features, (end - begin) * size, begin * size), FEATURE)

    def parts(self, first: int, last: int) -> Iterator[tuple[int, int]]:
        """Yield first and end of the features of some whole pictures, from `first` to before `last`."""
        while first < last:
            most = int(np.searchsorted(self.offsets, self.offsets[first] + AT_ONCE, side="right")) - 1
            end = min(max(most, first + 1), last)
            yield int(self.offsets[first]), int(self.offsets[end])
            first = end

    def chunks(self, rows: int) -> Iterator[Records]:
        """Yield all features, so many at a time."""
        total = int(self.offsets[-1])
        for begin in range(0, total, rows):
            yield self.records(begin, min(begin + rows, total))

    def look(self, number: int) -> Look:
        """Return the look of one picture."""
        facts = self.facts[number]
        view = os.pread(self._views, VIEW_BYTES, number * VIEW_BYTES)
        return Look(
            self.features(number, number + 1),
            np.frombuffer(view, np.uint8).reshape(VIEW, VIEW),
            int(facts["hash"]),
            int(facts["width"]),
            int(facts["height"]),
        )

    def owners(self, features: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Return the picture of each feature by its number, of the same shape; -1 for -1."""
        found = np.searchsorted(self.offsets, features, side="right") - 1
        return np.where(features < 0, -1, found)

    def close(self) -> None:
        """Close the files."""
        os.close(self._features)
        os.close(self._views)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.close()
