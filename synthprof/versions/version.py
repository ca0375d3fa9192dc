"""A published version as programs read it: opened by name or by path, then asked."""

from __future__ import annotations

import os
import time
import weakref
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from synthprof.base.errors import SpecError, StageError
from synthprof.base.kinds import WrongKind
from synthprof.store.manifest import MANIFEST, read_manifest
from synthprof.store.pointer import CURRENT
from synthprof.store.store import Store
from synthprof.versions.published import Published, ReadLock

if TYPE_CHECKING:  # loaded by the first question that needs them
    from collections.abc import Iterator, Sequence

    import numpy as np
    import pandas as pd
    import polars as pl
    import pyarrow as pa
    from numpy.typing import NDArray

    from synthprof.base.arrays import Matrix
    from synthprof.store.verdicts import KeptVerdict
    from synthprof.versions.hits import Hits
    from synthprof.versions.searcher import Searcher
    from synthprof.versions.tables import Where

ATTEMPTS, PAUSE_SECONDS = 100, 0.01
"""Attempts to open a version that is removed or replaced at the same moment, and the time between two."""


@dataclass(frozen=True, repr=False)
class Version(Published):
    """A published version of a data set, read only. While it is referred to, nobody removes it.

    `folder` is where its files lie, `manifest` what it is made of. Ids go from 1 to `rows`. What is asked for
    is read block by block, and `batches` keeps no more than a block in memory.

    >>> v = synthprof.open("gamers")
    >>> v.dataset, v.rows
    ('gamers', 2000)
    """

    @property
    def name(self) -> str:
        """The name of the version: 12 hexadecimal digits that follow from its parameters."""
        return self.manifest.version

    @property
    def dataset(self) -> str:
        """The name of its data set."""
        return self.manifest.dataset

    @property
    def rows(self) -> int:
        """The number of its rows."""
        return self.manifest.rows

    @property
    def scores(self) -> dict[str, Any]:
        """Quality scores: of the clusters and the index, and figures of how hard embeddings are for an index.

        Without archetypes clusters are not scored against a truth.

        >>> {"purity", "purity_by_chance", "silhouette", "recall_at_10", "lid_100"} <= set(v.scores)
        True
        """
        return dict(self.manifest.scores)

    @property
    def drift(self) -> dict[str, Any]:
        """The labels of what drifted since the first night, as drift.json has them; empty without a drift.

        >>> v.drift
        {}
        """
        return dict(self.manifest.drift)

    @property
    def verified(self) -> KeptVerdict | None:
        """The last verification of the version, by whatever program; None if there was none since.

        >>> v.verified is None or v.verified.sound
        True
        """
        from synthprof.store.verdicts import kept_verdict

        return kept_verdict(self.folder, self.manifest)

    def tables(self) -> dict[str, int]:
        """Return the number of rows of each child table, by name; empty for a version without any.

        >>> v.tables()
        {}
        """
        return self.manifest.table_rows

    def table(self, where: Where = (), columns: Sequence[str] | None = None, *, table: str = "") -> pa.Table:
        """Return rows as an Arrow table, by id: all columns and `cluster_id`, or those named.

        where: a condition on a column, or several that must all hold, as `synthprof search --where` takes
        them. cluster_id: int32, -1 for a row without an embedding. table: a child table, whose rows come by
        the parent's id and `n`; `v.table("sessoes")` is all of one.
        Raises SpecError for an unknown table, column or value, StageError for a damaged file.

        >>> number = next(column.name for column in v.schema.columns if column.kind == "integer")
        >>> v.table(where=f"{number}>=30", columns=["id", number, "cluster_id"]).num_columns
        3
        >>> v.table().num_rows
        2000
        """
        from synthprof.versions import tables

        return tables.table(self, tables.question(self, where, columns, table))

    def batches(
        self, where: Where = (), columns: Sequence[str] | None = None, *, table: str = ""
    ) -> Iterator[pa.RecordBatch]:
        """Yield the rows of `table` as record batches of at most 16,384 rows, so that memory stays small.

        >>> sum(batch.num_rows for batch in v.batches(columns=["id"]))
        2000
        """
        from synthprof.versions import tables

        return tables.batches(self, tables.question(self, where, columns, table))

    def to_pandas(
        self, where: Where = (), columns: Sequence[str] | None = None, *, table: str = ""
    ) -> pd.DataFrame:
        """Return `table` as a pandas data frame. Raises SpecError if pandas is not installed.

        >>> v.to_pandas(columns=["id", "cluster_id"]).shape
        (2000, 2)
        """
        from synthprof.versions.frames import to_pandas

        return to_pandas(self.table(where, columns, table=table))

    def to_polars(
        self, where: Where = (), columns: Sequence[str] | None = None, *, table: str = ""
    ) -> pl.DataFrame:
        """Return `table` as a polars data frame. Raises SpecError if polars is not installed.

        >>> v.to_polars(columns=["id", "cluster_id"]).columns
        ['id', 'cluster_id']
        """
        from synthprof.versions.frames import to_polars

        return to_polars(self.table(where, columns, table=table))

    def embeddings(self, first: int = 1, last: int | None = None) -> Matrix:
        """Return the embeddings of the ids first to last, both included; to the end without `last`.

        Returns (n, dim_embedding) float32 with L2 norm 1; a row that the service failed is NaN.
        Raises SpecError for ids that are not in the version.

        >>> v.embeddings(1, 10).shape
        (10, 128)
        """
        from synthprof.versions.tables import matrix

        return matrix(self, "embeddings", first, last)

    def vectors(self, first: int = 1, last: int | None = None) -> Matrix:
        """Return the feature vectors of the ids first to last, both included; to the end without `last`.

        Returns (n, dim_vector) float32; docs/schema.md says what each position means. Raises SpecError for
        ids that are not in the version, and for a collection, which has no feature vectors.

        >>> v.vectors().shape
        (2000, 32)
        """
        from synthprof.versions.tables import vectors

        return vectors(self, first, last)

    def labels(self) -> NDArray[np.uint8]:
        """Return the hidden archetype that each profile was drawn from, (rows,) uint8; row i is id i + 1.

        They are the truth that a clustering is measured by. Raises SpecError where there is none: for a
        collection, and for a schema without archetypes.

        >>> v.labels().shape
        (2000,)
        """
        from synthprof.versions.tables import labels

        return labels(self)

    def duplicates(self) -> pa.Table:
        """Return the truth on second records, by id: no rows for a version without any.

        Columns: `id`; `original_id`, which names the person, whose first record it is; `errors`, the kinds of
        what went wrong, in order; `columns`, those that differ from the first record, without unique columns
        and descriptions. Raises StageError for a damaged file.

        >>> v.duplicates().column_names
        ['id', 'original_id', 'errors', 'columns']
        >>> v.duplicates().num_rows
        0
        """
        from synthprof.versions.duplicates import duplicates

        return duplicates(self)

    def clusters(self) -> NDArray[np.int32]:
        """Return the cluster of each row, (rows,) int32; -1 for a row without an embedding.

        >>> v.clusters().shape
        (2000,)
        """
        from synthprof.versions.tables import clusters

        return clusters(self)

    def search(self, text: str, k: int = 10, where: Where = (), *, exact: bool = False) -> Hits:
        """Find k rows that meet what a text states, those most like it first, with the attributes that agree.

        `asked` of the result tells how the text was read; where too few rows meet all conditions, others
        follow. The index is loaded by the first search and kept. text: 1 to 2,000 characters. k: 1 to 1,000.
        where: as in `table`. exact: compare every row instead of asking the index.
        Raises SpecError for a text that says nothing, an unknown condition, or an encoder without texts.

        >>> hits = v.search(v.bundle.view.examples[0], k=3)
        >>> len(hits), hits[0].rank, hits[0].similarity > 0.5
        (3, 1, True)
        >>> str(hits.asked).startswith("read as ")
        True
        """
        from synthprof.versions.hits import Hits
        from synthprof.versions.search import search_text

        found = search_text(self._searcher, text, self._searcher.query(k, _listed(where), exact))
        return Hits(found.hits, self.schema, found.asked)

    def similar(
        self,
        row: int | str | None = None,
        k: int = 10,
        where: Where = (),
        *,
        exact: bool = False,
        image: Path | str | bytes | None = None,
    ) -> Hits:
        """Find the k rows that are most like another one, itself left out, with what they have in common.

        row: its id or, in a collection, the id that it has in its source. image: in place of a row, a picture
        that need not be in this version of pictures: its path, or the bytes of its file. Else as `search`.
        Raises SpecError for a picture that cannot be read.

        >>> [hit.rank for hit in v.similar(42, k=2)]
        [1, 2]
        """
        from synthprof.versions.hits import Hits
        from synthprof.versions.search import search_picture, search_similar

        query = self._searcher.query(k, _listed(where), exact)
        if image is not None:
            wanted = image if isinstance(image, bytes) else Path(image).expanduser()
            return Hits(search_picture(self._searcher, wanted, query), self.schema)
        if row is None:
            raise SpecError("similar needs the id of a row, or image=, the path or bytes of a picture")
        number = row if isinstance(row, int) else self.number_of(row)
        return Hits(search_similar(self._searcher, number, query), self.schema)

    def thumbnail(self, row: int | str) -> bytes | None:
        """Return the thumbnail of a picture as a JPEG of at most 192 pixels; None for a row that has none.

        row: as in `similar`. Raises SpecError for an unknown id, and for a version that holds no pictures.

        >>> v.thumbnail(1)  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        ...
        synthprof.base.errors.SpecError: 'gamers' holds profiles, no pictures; name a data set of ...
        """
        from synthprof.versions.pictures import thumbnail_of

        return thumbnail_of(self, row if isinstance(row, int) else self.number_of(row))

    @cached_property
    def _searcher(self) -> Searcher:
        """The open index and encoder; the connections of a service close with this value."""
        from synthprof.versions.searcher import Searcher

        threads = len(os.sched_getaffinity(0))
        searcher = Searcher(Published(self.folder, self.manifest, self.read_lock), threads)
        weakref.finalize(self, searcher.opened.close)
        return searcher

    def __repr__(self) -> str:
        word = self.spec.row_word
        return f"<Version {self.name} of {self.dataset!r}: {self.rows:,} {word}s>"

    def _repr_html_(self) -> str:
        from synthprof.report.head import head
        from synthprof.report.words import facts_of
        from synthprof.store.receipts import seconds_of

        stages = {each.stage: each for each in self.manifest.stages}
        clusters = int(stages["cluster"].details["clusters"])
        seconds = seconds_of(self.manifest.stages)
        facts = facts_of(
            self.spec.row_word, self.rows, clusters, self.manifest.bytes_total, seconds, self.manifest.spec
        )
        return head(self.dataset, self.name, facts, self.scores)


def open_version(home: Path, dataset: str, version: str | None = None) -> Version:
    """Open a version of a data set, the current one unless named. Raises SpecError naming those there are."""
    store = Store(home, dataset)
    for _ in range(ATTEMPTS):
        folder = store.current() if version is None else _named(store, version)
        try:
            lock = ReadLock(folder)
        except FileNotFoundError:  # removed after its name was read, or about to be replaced; look again
            if (folder / MANIFEST).exists():
                time.sleep(PAUSE_SECONDS)
            continue
        except WrongKind:
            break
        return Version(folder, read_manifest(folder), lock)
    if folder.is_dir():
        read_manifest(folder)  # which says what is wrong with it
    raise StageError(
        f"the current version of {dataset!r}, {folder}, is missing; make it again with `synthprof run`"
    )


def open_folder(path: Path, version: str | None = None) -> Version:
    """Open a version by the folder that it or its data set lies in. Raises SpecError if it is neither."""
    folder = path.expanduser().absolute().resolve()
    if version is None and (folder / MANIFEST).is_file():
        return Version(folder, read_manifest(folder), ReadLock(folder))
    if os.path.lexists(folder / CURRENT):
        return open_version(folder.parent, folder.name, version)
    raise SpecError(
        f"{path} is neither the folder of a version, which has a {MANIFEST}, nor that of a data set, which "
        f"has a {CURRENT}; give one of these, or the name of a data set"
    )


def _named(store: Store, version: str) -> Path:
    known = [path.name for path in store.versions()]
    if version not in known:
        version = version[:80]
        raise SpecError(
            f"no version {version!r} of {store.dataset!r}; there are: {', '.join(known) or 'none'}"
        )
    return store.published(version)


def _listed(where: Where) -> list[str]:
    return [where] if isinstance(where, str) else list(where)
