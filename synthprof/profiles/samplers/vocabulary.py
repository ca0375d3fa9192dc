"""Words from lists: of a Faker provider, or combined."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from synthprof.base.errors import SpecError
from synthprof.profiles.alias import alias_table
from synthprof.profiles.permutation import Permutation
from synthprof.profiles.samplers.keys import Room, positions
from synthprof.profiles.samplers.sampler import Rows, Samplers, Setting
from synthprof.profiles.samplers.texts import places
from synthprof.schemas.draw_kinds.combinations import Combination
from synthprof.schemas.draw_kinds.fakers import FakerWords


class FakerVocabulary:
    """Draws the words of a provider as often as they came up."""

    def __init__(self, draw: FakerWords, setting: Setting) -> None:
        if not draw.words:
            raise SpecError(f"{setting.column.name}: the draw has no words yet; call with_words() before")
        self._words = pa.array(draw.words)
        self._table = alias_table(np.array([draw.weights], dtype=np.float64))

    def draw(self, rows: Rows) -> pa.Array:
        """Return words, (count,) string, int64, double or bool."""
        codes = self._table.draw((rows.words() >> np.uint64(32)).astype(np.uint32))
        return self._words.take(pa.array(codes))


class Combinations:
    """Draws a word of each list; where none may repeat, by the permuted number of the row."""

    def __init__(self, draw: Combination, setting: Setting) -> None:
        self._draw, self._room = draw, Room(draw, setting)
        self._lists = [pa.array(words, pa.string()) for words in draw.lists]
        self._sizes = tuple(map(len, draw.lists))
        size = int(np.prod(np.array(self._sizes, dtype=object)))
        self._order = Permutation(size, setting.column.name, setting.seed) if draw.unique else None

    def draw(self, rows: Rows) -> pa.Array:
        """Return texts, (count,) string."""
        self._room.check(rows)
        if self._order is not None:
            chosen = places(self._order.at(positions(rows)), self._sizes)
        else:
            chosen = [
                np.floor(rows.uniform(f"word {number}") * size).astype(np.uint32)
                for number, size in enumerate(self._sizes)
            ]
        words = [words.take(pa.array(codes)) for words, codes in zip(self._lists, chosen, strict=True)]
        return words[0] if len(words) == 1 else pc.binary_join_element_wise(*words, self._draw.separator)


SAMPLERS: Samplers = {Combination: Combinations, FakerWords: FakerVocabulary}
