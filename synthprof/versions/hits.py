"""The results of a search as a sequence that shows itself and turns into a table."""

import html
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, overload

from synthprof.base.text import plain
from synthprof.base.values import as_text, stored
from synthprof.schemas.schema import Schema
from synthprof.versions.asked import Asked
from synthprof.versions.frames import to_pandas, to_polars
from synthprof.versions.search import Hit

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    import pyarrow as pa

MAX_SHOWN = 60
"""Characters of a value in a notebook."""


@dataclass(frozen=True)
class Hits(Sequence[Hit]):
    """The results of one search, the most similar first.

    Each is a `Hit`: `rank` from 1, `id`, `similarity` (cosine, -1 to 1), `profile` (a dict of its columns)
    and `reasons` (the attributes that agree). asked: how a text was read, an `Asked`; None where no text was.
    """

    found: tuple[Hit, ...]
    _schema: Schema | None = field(default=None, repr=False)
    asked: Asked | None = None

    def __len__(self) -> int:
        return len(self.found)

    @overload
    def __getitem__(self, place: int) -> Hit: ...
    @overload
    def __getitem__(self, place: slice) -> "Hits": ...
    def __getitem__(self, place: "int | slice") -> "Hit | Hits":
        return replace(self, found=self.found[place]) if isinstance(place, slice) else self.found[place]

    def table(self) -> "pa.Table":
        """Return the results as a table: `rank`, `similarity`, `reasons` as text, then the columns."""
        import pyarrow as pa

        rows = [_row(hit) for hit in self.found]
        names = list(rows[0]) if rows else []
        return pa.table({name: self._column(name, [row[name] for row in rows]) for name in names})

    def _column(self, name: str, values: list[Any]) -> "pa.Array":
        import pyarrow as pa

        from synthprof.versions.typed import typed

        kind = self._schema.value_kind(name) if self._schema else None
        if kind is None:
            return pa.array(values)
        return typed(kind, pa.array([stored(kind, value) for value in values]))

    def to_pandas(self) -> "pd.DataFrame":
        """Return `table()` as a pandas data frame. Raises SpecError if pandas is not installed."""
        return to_pandas(self.table())

    def to_polars(self) -> "pl.DataFrame":
        """Return `table()` as a polars data frame. Raises SpecError if polars is not installed."""
        return to_polars(self.table())

    def _repr_html_(self) -> str:
        read = f"<p>{html.escape(plain(str(self.asked)))}</p>" if self.asked else ""
        if not self.found:
            return f"{read}<p>Nothing meets the conditions.</p>"
        rows = [_row(hit) for hit in self.found]
        head = "".join(f"<th>{html.escape(plain(name))}</th>" for name in rows[0])
        body = "".join(f"<tr>{''.join(map(_cell, row.values()))}</tr>" for row in rows)
        return f"{read}<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _row(hit: Hit) -> dict[str, Any]:
    reasons = "; ".join(map(str, hit.reasons))
    return {"rank": hit.rank, "similarity": hit.similarity, "reasons": reasons, **hit.profile}


def _cell(value: object) -> str:
    text = f"{value:.3f}" if isinstance(value, float) else plain(as_text(value))
    shown = text if len(text) <= MAX_SHOWN else f"{text[: MAX_SHOWN - 1]}…"
    return f"<td>{html.escape(shown)}</td>"
