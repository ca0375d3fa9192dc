"""Names of users and e-mail addresses: words in ASCII and a suffix that comes once."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from synthprof.profiles.alias import alias_table
from synthprof.profiles.samplers.keys import Room
from synthprof.profiles.samplers.patterns import Patterns
from synthprof.profiles.samplers.sampler import Rows, Samplers, Setting
from synthprof.schemas.draw_kinds.accounts import Email, UserName

_WRITTEN = {"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i"}
"""Small letters that Unicode does not take apart into a letter and an accent."""


class UserNames:
    """Joins the words of other columns and a suffix."""

    def __init__(self, draw: UserName, setting: Setting) -> None:
        self._draw, self._room = draw, Room(draw, setting)
        self._suffixes = Patterns(draw.suffixes, setting)

    def draw(self, rows: Rows) -> pa.Array:
        """Return names, (count,) string."""
        return pc.binary_join_element_wise(*self.parts(rows), "")

    def parts(self, rows: Rows) -> tuple[pa.Array | str, pa.Array]:
        """Return what names begin with, and their suffixes."""
        self._room.check(rows)
        return self._begin(rows), self._suffixes.draw(rows)

    def _begin(self, rows: Rows) -> pa.Array | str:
        if not self._draw.of:
            return self._draw.otherwise
        separator = self._draw.separator
        written = [_in_ascii(rows.given(name), separator) for name in self._draw.of]
        words = [texts for texts, _ in written]
        joined = words[0] if len(words) == 1 else pc.binary_join_element_wise(*words, separator)
        if separator and any(gaps for _, gaps in written):
            joined = pc.ascii_trim(
                pc.replace_substring_regex(joined, f"[{separator}]+", separator), separator
            )
        if (pc.max(pc.binary_length(joined)).as_py() or 0) > self._draw.longest:
            joined = pc.utf8_slice_codeunits(joined, 0, self._draw.longest)
            joined = pc.ascii_rtrim(joined, separator) if separator else joined
        return pc.if_else(pc.equal(joined, ""), self._draw.otherwise, joined)


class Emails(UserNames):
    """Joins names and domains."""

    def __init__(self, draw: Email, setting: Setting) -> None:
        super().__init__(draw, setting)
        self._domains = pa.array(["@" + domain for domain in draw.domains], pa.string())
        self._table = alias_table(np.array([list(draw.domains.values())]))

    def draw(self, rows: Rows) -> pa.Array:
        """Return addresses, (count,) string."""
        codes = self._table.draw((rows.words("domain") >> np.uint64(32)).astype(np.uint32))
        return pc.binary_join_element_wise(*self.parts(rows), self._domains.take(pa.array(codes)), "")


def _in_ascii(values: pa.Array, separator: str) -> tuple[pa.Array, bool]:
    """Return texts in small ASCII letters and digits, words joined, and whether nothing is left of a word.

    Each word is written once.
    """
    coded = values if pa.types.is_dictionary(values.type) else None
    texts = (values if coded is None else coded.dictionary).cast(pa.string())
    split = pc.split_pattern(texts, " ")
    words = split.flatten().dictionary_encode()
    written = _written(words.dictionary, separator)
    lists = pa.ListArray.from_arrays(split.offsets, written.take(words.indices))
    joined = pc.binary_join(lists, separator)
    return joined if coded is None else joined.take(coded.indices), pc.any(pc.equal(written, "")).as_py()


def _written(words: pa.Array, separator: str) -> pa.Array:
    texts = pc.utf8_lower(words)
    for sign, letters in _WRITTEN.items():
        texts = pc.replace_substring(texts, sign, letters)
    texts = pc.replace_substring_regex(pc.utf8_normalize(texts, "NFKD"), r"[\x{300}-\x{36f}'’`´]+", "")
    texts = pc.ascii_trim(pc.replace_substring_regex(texts, "[^a-z0-9]+", " "), " ")
    return pc.replace_substring(texts, " ", separator)


SAMPLERS: Samplers = {UserName: UserNames, Email: Emails}
