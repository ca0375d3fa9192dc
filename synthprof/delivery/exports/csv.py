"""CSV by RFC 4180: UTF-8 without a byte order mark, lines that end with CR LF, safe in spreadsheets."""

from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from synthprof.delivery.exports.format import Format, Writing
from synthprof.delivery.exports.texts import joined, json_texts

FILE = "rows.csv"

_FORMULA = r"^[=+\-@\t\r]"
"""Beginnings of a text that a spreadsheet would take for a formula, and run."""

_TO_QUOTE = r'[",\r\n]|^$'
"""Texts that stand in quotes: an empty one, too, which is not the same as none."""


@dataclass(frozen=True)
class Csv(Format):
    """One line for each row, below a line of names. No value is an empty cell; an empty text is `""`.

    Lists and vectors are JSON texts. A text that begins like a formula gets an apostrophe before it.
    """

    name: str = "csv"
    written_by: tuple[str, ...] = ("pyarrow",)

    def write(self, writing: Writing) -> Iterator[int]:
        """Append the names, then each block's lines, to one file."""
        rows, making = writing.rows, writing.making
        if making.steps == 0:
            names = [cells(pa.array([name])) for name in rows.schema.names]
            making.append(FILE, _lines(names))
        for block, batch in enumerate(rows.ahead(making.steps), making.steps):
            making.append(FILE, _lines([cells(column) for column in batch.columns]))
            making.step()
            yield rows.ids(block)[-1]


FORMAT = Csv()


def cells(values: pa.Array) -> pa.Array:
    r"""Return the values as cells of CSV.

    >>> cells(pa.array(["a", "=1, 2", "", None])).to_pylist()
    ['a', '"\'=1, 2"', '""', '']
    """
    if pa.types.is_string(values.type):
        safe = pc.binary_join_element_wise("'", values, "")
        texts = _if(pc.match_substring_regex(values, _FORMULA), safe, values)
    elif pa.types.is_nested(values.type):
        texts = pc.if_else(values.is_valid(), json_texts(values), None)
    else:
        texts = _plain(json_texts(values), values)
    quoted = pc.binary_join_element_wise('"', pc.replace_substring(texts, '"', '""'), '"', "")
    return pc.fill_null(_if(pc.match_substring_regex(texts, _TO_QUOTE), quoted, texts), "")


def _plain(texts: pa.Array, values: pa.Array) -> pa.Array:
    """Return JSON texts of single values without their quotes."""
    return pc.if_else(values.is_valid(), pc.utf8_trim(texts, '"'), None)


def _if(condition: pa.Array, one: pa.Array, other: pa.Array) -> pa.Array:
    return pc.if_else(condition, one, other) if pc.any(condition).as_py() else other


def _lines(columns: list[pa.Array]) -> memoryview:
    parts = [part for column in columns for part in (",", column)]
    return joined(parts[1:], "\r\n")
