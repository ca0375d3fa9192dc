"""Estimates of memory and disk: the quantities that the rows of `synthprof.pipeline` add up.

Memory counts over all processes of a stage; pages that forked workers share count once. The constants are
fitted to, and compared with, the measurements of benchmarks/bench_memory.py.
"""

from dataclasses import dataclass

from synthprof.base.units import MIB
from synthprof.spec.contents import BLOB_PAGE_BYTES, TABLE_PAGE_BYTES, parts_of
from synthprof.spec.limits import MAX_THUMBNAILS
from synthprof.spec.sizing import (
    CODEWORDS,
    clusters_of,
    index_of,
    lists_in_parts,
    needs_training,
    training_rows_count,
)
from synthprof.spec.spec import BLOCK_ROWS, Spec

# Bytes per profile of gamer_br: 702, 831 and 55 in pt_BR, measured at 300,000 rows, and a tenth more.
PROFILE_ARROW_BYTES = 770
PROFILE_SQLITE_BYTES = 910
PROFILE_TRAITS_BYTES = 60

PROFILE_PARQUET_BYTES = 155
"""Bytes per profile in parts, by the same measure: 141."""

LABEL_ROW_BYTES = 16
"""A row (id, cluster) in SQLite, and as much again for its entry in the index of clusters."""

NPY_HEAD_BYTES = 128
"""The beginning of a file of NumPy's format."""

TEXT_ROW_BYTES = 24
"""Bytes of a row of a collection in SQLite beside its values, with its entry in the index of keys."""

AVATAR_MEMBER_BYTES = 2_500
"""Bytes of a picture in a tar shard beside its pixels: heads, caption, padding, and its row of the truth."""

BASE_BYTES = 130 * MIB
"""A process that has only loaded its libraries; its forked workers share most of it."""

WORKER_BYTES = 62 * MIB
"""A worker's own memory for generating a block, which it keeps for the next one (`keep_memory`)."""

ENCODER_BYTES = 36 * MIB
"""The encoder's additional memory; each worker keeps ENCODED_BYTES of its blocks."""

ENCODED_BYTES = 8 * MIB

LOAD_BYTES = 45 * MIB
"""Additional memory for loading a large database of profiles: SQLite's cache of 8 MiB and some blocks."""

TRAIN_BYTES = 30 * MIB
"""Memory of k-means beside its sample."""

SEARCH_BYTES = 130 * MIB
"""Memory of the search for exact neighbours, which measures recall, beside the index."""

FILL_BYTES = 3 * 64 * MIB
"""Memory of an index whose lists are filled in its file: rows that wait, and what two threads read of it."""

PART_FILL_BYTES = 130 * MIB
"""Memory of a worker that fills the lists of a part: rows that wait, and the search for true neighbours."""

NEIGHBOURS_BYTES = 90_000
"""A file of neighbours: eleven of each of 500 queries, two numbers of eight bytes."""

REPORT_BYTES = 150 * MIB
"""Additional memory of the map and the report page; each profile up to a million adds REPORT_ROW_BYTES."""

REPORT_ROW_BYTES, MAX_REPORT_ROWS = 172, 1_000_000

READ_COPIES = 12
"""Memory for reading a block of a collection, as a multiple of its bytes: rows in Python and in Arrow.

Python needs two bytes for each character of a text that is not in Latin 1.
"""

HELD_COPIES = 7
"""Memory of a process that works on a block of a collection, as a multiple of its bytes."""


DRAWN_COPIES = 6
"""Memory for drawing the children of a block, as a multiple of their bytes in Arrow."""

PART_COPIES = 5
"""Memory for writing a part of the table, as a multiple of a block's bytes in Arrow."""

LAID_OUT_COPIES = 5
"""Memory for making a child table's database, as a multiple of a block's bytes in Arrow."""


THUMBNAIL_BYTES = 12_288
"""A thumbnail: photographs take about 8,000 bytes, and 12,000 where they are 256 pixels long."""

DECODING_BYTES = 400 * MIB
"""One large picture while it is decoded, turned and laid on white; smaller ones take 1/8 in each thread."""


@dataclass(frozen=True)
class Texts:
    """Bytes of a collection's rows in Arrow's format: of all, of their keys, and of the largest block."""

    bytes: int
    key_bytes: int
    block_bytes: int


@dataclass(frozen=True)
class Children:
    """The children of a block of profiles, found by drawing one: rows, and bytes of their files.

    arrow_bytes: in block files. sqlite_bytes: in databases. table_bytes: of the largest table, in Arrow.
    """

    rows: int = 0
    arrow_bytes: int = 0
    sqlite_bytes: int = 0
    table_bytes: int = 0


NO_CHILDREN = Children()


@dataclass(frozen=True)
class Sizes:
    """Estimated bytes of the parts of a data set and of the processes that make them.

    texts: of a collection, None for profiles. children: of a block, if there are child tables. workers:
    processes of the pool including idle ones, which keep their memory; 0 for a stage without a pool.
    """

    spec: Spec
    texts: Texts | None = None
    workers: int = 0
    children: Children = NO_CHILDREN

    @property
    def rows(self) -> int:
        """The rows of the data set."""
        return self.spec.profiles

    # --- on the disk -------------------------------------------------------------------------------------

    @property
    def profiles(self) -> int:
        """The block files of profiles."""
        return self.texts.bytes if self.texts else self.rows * PROFILE_ARROW_BYTES

    @property
    def traits(self) -> int:
        """The block files of traits, 0 in a collection."""
        return 0 if self.spec.collection else self.rows * PROFILE_TRAITS_BYTES

    @property
    def children_files(self) -> int:
        """The block files of child tables."""
        return self._of_blocks(self.children.arrow_bytes)

    @property
    def children_tables(self) -> int:
        """The databases of child tables."""
        return self._of_blocks(self.children.sqlite_bytes)

    @property
    def children_rows(self) -> int:
        """The rows of all child tables."""
        return self._of_blocks(self.children.rows)

    @property
    def avatars(self) -> int:
        """The tar shards of pictures: two members of a block of 512 bytes each, beside the picture's own."""
        spec = self.spec
        pixels = spec.avatar_size**2
        own, copy = (AVATAR_MEMBER_BYTES + size for size in (pixels // 2, 3 * pixels))
        return round(self.rows * (own + spec.avatar_copies * copy)) if spec.avatars else 0

    def _of_blocks(self, amount: int) -> int:
        """Return what all blocks have, from what a whole one has."""
        return amount * self.rows // BLOCK_ROWS

    @property
    def matrices(self) -> int:
        """The block files of vectors and embeddings."""
        return self.vectors + self.embeddings

    @property
    def vectors(self) -> int:
        """The block files of feature vectors."""
        return self.rows * self._widths[0]

    @property
    def embeddings(self) -> int:
        """The block files of embeddings."""
        return self.rows * self._widths[1]

    @property
    def table(self) -> int:
        """The table of profiles. In a database a long row leaves unused space on its page."""
        if self.spec.in_parts:
            return self.rows * PROFILE_PARQUET_BYTES
        if self.texts is None:
            return self.rows * PROFILE_SQLITE_BYTES
        row = (self.texts.bytes + self.texts.key_bytes) / self.rows + TEXT_ROW_BYTES
        left = min(row, TABLE_PAGE_BYTES, 2 * row * row / TABLE_PAGE_BYTES)
        return round(self.rows * (row + left))

    @property
    def blobs(self) -> int:
        """The databases or parts of vectors and embeddings."""
        if self.spec.in_parts:
            return self.matrices + NPY_HEAD_BYTES * len(self._widths) * parts_of(self.spec)
        return sum(blob_bytes(self.rows, width) for width in self._widths if width)

    @property
    def thumbnails(self) -> int:
        """The thumbnails of pictures, as block files or as a database; 0 without pictures."""
        return min(self.rows, MAX_THUMBNAILS) * THUMBNAIL_BYTES if self.spec.pictures else 0

    @property
    def labels(self) -> int:
        """The table of clusters."""
        return self.rows * LABEL_ROW_BYTES

    @property
    def centroids(self) -> int:
        """The file of centroids."""
        return clusters_of(self.spec) * self._widths[1]

    @property
    def index(self) -> int:
        """The index, 0 without one."""
        choice = index_of(self.spec)
        return choice.bytes if choice else 0

    @property
    def trained_index(self) -> int:
        """The index without rows: its centroids, and 256 codewords as long as an embedding, if it has any."""
        choice = index_of(self.spec)
        return (choice.nlist + CODEWORDS) * self._widths[1] if choice else 0

    @property
    def neighbours(self) -> int:
        """The rows of each part that are nearest to the queries that tell recall."""
        return NEIGHBOURS_BYTES * parts_of(self.spec)

    @property
    def _widths(self) -> tuple[int, int]:
        """Bytes of a feature vector, 0 in a collection, and of an embedding."""
        return 0 if self.spec.collection else 4 * self.spec.dim_vector, 4 * self.spec.dim_embedding

    # --- in memory ---------------------------------------------------------------------------------------

    @property
    def processes(self) -> int:
        """The process and its pool, without texts."""
        return BASE_BYTES + self.workers * WORKER_BYTES

    @property
    def working(self) -> int:
        """The process and its pool, with the texts of a collection that each process keeps."""
        return self.processes + min(self.workers, self.spec.blocks) * self.text_block

    @property
    def idle(self) -> int:
        """The process and its pool, idle after generating and encoding."""
        kept = ENCODER_BYTES + self.workers * ENCODED_BYTES if self.workers else 0
        return self.working + kept

    @property
    def text_block(self) -> int:
        """A process that works on a block of texts, beside what profiles need."""
        return HELD_COPIES * self.texts.block_bytes if self.texts else 0

    @property
    def text_reading(self) -> int:
        """A process that reads texts from their source, beside what profiles need."""
        return READ_COPIES * self.texts.block_bytes if self.texts else 0

    @property
    def children_drawing(self) -> int:
        """The children of a block in each process that draws, with their random words."""
        return self.workers * DRAWN_COPIES * self.children.table_bytes

    @property
    def children_loading(self) -> int:
        """The children of a few blocks, while their database is made."""
        return LAID_OUT_COPIES * self.children.table_bytes

    @property
    def vector_block(self) -> int:
        """A block of feature vectors."""
        return 4 * BLOCK_ROWS * self.spec.dim_vector

    @property
    def embedding_block(self) -> int:
        """A block of embeddings."""
        return 4 * BLOCK_ROWS * self.spec.dim_embedding

    @property
    def table_part(self) -> int:
        """Memory of each worker while it writes a part of the table: a block, read and laid out."""
        return self.workers * PART_COPIES * BLOCK_ROWS * PROFILE_ARROW_BYTES

    @property
    def matrix_part(self) -> int:
        """Memory of each worker while it writes parts of vectors and embeddings: a block and its bytes."""
        return self.workers * 2 * max(self.vector_block, self.embedding_block)

    @property
    def encoding(self) -> int:
        """The encoder, and in each worker a block with its vectors and embeddings."""
        return ENCODER_BYTES + self.workers * (self.vector_block + self.embedding_block * 13 // 10)

    @property
    def thumbnail_block(self) -> int:
        """A block of thumbnails, 0 without pictures."""
        return min(self.thumbnails, BLOCK_ROWS * THUMBNAIL_BYTES)

    @property
    def decoding(self) -> int:
        """The pictures that are decoded at once, the largest there may be, and a block of thumbnails."""
        if not self.spec.pictures:
            return 0
        return DECODING_BYTES + max(1, self.workers) * DECODING_BYTES // 8 + 2 * self.thumbnail_block

    @property
    def training(self) -> int:
        """k-means, with its sample."""
        return TRAIN_BYTES + 2 * self._sample(clusters_of(self.spec))

    @property
    def indexing(self) -> int:
        """The search for true neighbours, labels, what is held of the index, and a sample to train it.

        Of an index in parts, what is held and how many rows each part has in each list.
        """
        choice = index_of(self.spec)
        if choice and lists_in_parts(self.spec):
            return FILL_BYTES + 4 * choice.nlist * parts_of(self.spec)
        held = min(choice.bytes, FILL_BYTES if choice.nlist else choice.bytes) if choice else 0
        return SEARCH_BYTES + held + self.index_training + 4 * self.rows + 4 * self.embedding_block

    @property
    def index_training(self) -> int:
        """The sample of an index that needs training."""
        choice = index_of(self.spec)
        trains = choice is not None and needs_training(choice, clusters_of(self.spec))
        return 2 * self._sample(choice.nlist) if choice and trains else 0

    @property
    def index_model(self) -> int:
        """The model that codes all parts of an index, with its sample."""
        return TRAIN_BYTES + self.index_training + 2 * (self.trained_index + self.embedding_block)

    @property
    def filling(self) -> int:
        """Memory of each worker while it fills the lists of a part, and looks for neighbours in it."""
        return self.workers * (PART_FILL_BYTES + 3 * self.embedding_block + self.trained_index)

    @property
    def reporting(self) -> int:
        """The map, the page of the report and, in each worker, a block to check."""
        mapped = REPORT_ROW_BYTES * min(self.rows, MAX_REPORT_ROWS) + 30 * self.rows
        return REPORT_BYTES + mapped + self.workers * self.embedding_block * 5 // 4

    @staticmethod
    def loading(database: int) -> int:
        """Return the bytes of SQLite while it loads a database of `database` bytes."""
        return min(LOAD_BYTES, database)

    def _sample(self, k: int) -> int:
        rows = training_rows_count(self.spec.profiles, k or clusters_of(self.spec))
        return 4 * self.spec.dim_embedding * rows


def blob_bytes(rows: int, width: int) -> int:
    """Return the maximum bytes of a database of ids and BLOBs of `width` bytes each.

    Each block and each length of an id's varint begins a page; 8 bytes head a page, 15 at most a BLOB.
    """
    per_page = (BLOB_PAGE_BYTES - 8) // (width + 15)
    varint_bytes = max(1, -(-rows.bit_length() // 7))
    pages = 2 + rows // per_page + -(-rows // BLOCK_ROWS) + varint_bytes + 1
    return BLOB_PAGE_BYTES * pages
