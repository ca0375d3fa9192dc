"""What a stage takes, estimated before it runs: memory over all its processes, and bytes on the disk."""

from synthprof.base.units import MIB
from synthprof.spec.sizing import clusters_of, index_of, needs_training, training_rows_count
from synthprof.spec.spec import BLOCK_ROWS, Spec
from synthprof.stages.survey import Texts

# Bytes per profile of the schema gamer_br: 513 and 640 in pt_BR, measured at 100,000 rows, and a tenth more.
PROFILE_ARROW_BYTES = 560
PROFILE_SQLITE_BYTES = 700
BLOB_ROW_BYTES = 16

TEXT_ROW_BYTES = 24
"""What SQLite needs for a row of a collection beside its values, with its entry in the index of keys."""

# Memory, over all processes of a stage; pages that forked workers share count once. Fitted to, and compared
# with, what benchmarks/bench_memory.py measures.
BASE_BYTES = 130 * MIB
"""A process with the libraries loaded and nothing done; its forked workers share most of it."""

WORKER_BYTES = 62 * MIB
"""What a worker takes of its own while it generates a block, and keeps for the next (`keep_memory`)."""

ENCODER_BYTES = 36 * MIB
"""What the encoder takes on top, with SciPy; each worker keeps ENCODED_BYTES of its blocks."""

ENCODED_BYTES = 8 * MIB

LOAD_BYTES = 45 * MIB
"""What loading a large database of profiles takes on top: SQLite's cache of 8 MiB and some blocks."""

TRAIN_BYTES = 30 * MIB
"""What k-means takes on top of its sample."""

SEARCH_BYTES = 130 * MIB
"""What looking for exact neighbours takes on top of the index, whose recall they are to show."""

REPORT_BYTES = 150 * MIB
"""What the map and the page of the report take on top, and for each profile more, up to a million."""

REPORT_ROW_BYTES, MAX_REPORT_ROWS = 172, 1_000_000

READ_COPIES = 12
"""What reading a block of a collection takes, as a multiple of its bytes: rows as Python and as Arrow hold
them. Python takes two bytes for each character of a text that is not in Latin 1."""

HELD_COPIES = 7
"""What a process that works on such a block takes, and mostly keeps."""


def memory_of(name: str, spec: Spec, workers: int, texts: Texts | None = None) -> int:
    """Bytes of memory that a stage takes at most, over all its processes.

    workers: of its pool, idle ones too, which keep what they had; 0 where a process of its own does the stage
    and has no pool.
    """
    on_top = _texts_memory(name, spec, workers, texts) if texts else 0
    return _rows_memory(name, spec, workers, texts) + on_top


def disk_of(name: str, spec: Spec, texts: Texts | None = None) -> int:  # noqa: C901  one branch per stage
    """Bytes on the disk that a stage leaves."""
    rows, embedding = spec.profiles, 4 * spec.dim_embedding
    vector = 0 if spec.collection else 4 * spec.dim_vector
    match name:
        case "setup":
            return 0
        case "generate":
            return texts.bytes if texts else rows * PROFILE_ARROW_BYTES
        case "ingest":
            return _table_bytes(rows, texts)
        case "vectorize":
            return rows * (vector + embedding)
        case "persist_blobs":
            return _blobs_bytes(rows, vector, embedding)
        case "cluster":
            return rows * (BLOB_ROW_BYTES + 16) + clusters_of(spec) * embedding
        case "export_index":
            choice = index_of(spec)
            return choice.bytes if choice else 0
        case "vacuum":
            labels = rows * BLOB_ROW_BYTES
            return _table_bytes(rows, texts) + _blobs_bytes(rows, vector, embedding) + labels
        case "publish":
            return 8 * MIB
        case _:
            raise ValueError(f"stage {name} has no estimate of disk; add one")


def _texts_memory(name: str, spec: Spec, workers: int, texts: Texts) -> int:
    """What the texts of a collection take on top; as small as profiles they would take next to nothing."""
    if name == "generate":
        return READ_COPIES * texts.block_bytes
    processes = 1 if name == "ingest" else min(workers, spec.blocks)
    return processes * HELD_COPIES * texts.block_bytes


def _rows_memory(name: str, spec: Spec, workers: int, texts: Texts | None) -> int:  # noqa: C901  one branch per stage
    vectors, embeddings = 4 * BLOCK_ROWS * spec.dim_vector, 4 * BLOCK_ROWS * spec.dim_embedding
    generated = BASE_BYTES + workers * WORKER_BYTES
    idle = generated + (ENCODER_BYTES + workers * ENCODED_BYTES if workers else 0)
    match name:
        case "setup":
            return idle
        case "generate":
            return generated
        case "vectorize":
            return generated + ENCODER_BYTES + workers * (vectors + embeddings * 13 // 10)
        case "ingest":
            return generated + min(LOAD_BYTES, disk_of(name, spec, texts)) + 12 * spec.profiles
        case "vacuum":
            return idle + min(LOAD_BYTES, disk_of(name, spec, texts))
        case "persist_blobs":
            return idle + 3 * (vectors + embeddings)
        case "cluster":
            return idle + TRAIN_BYTES + 2 * _sample_bytes(spec) + 12 * spec.profiles + 2 * embeddings
        case "export_index":
            return idle + SEARCH_BYTES + _index_bytes(spec) + 4 * spec.profiles + 4 * embeddings
        case "publish":
            mapped = REPORT_ROW_BYTES * min(spec.profiles, MAX_REPORT_ROWS) + 30 * spec.profiles
            return generated + REPORT_BYTES + mapped + workers * embeddings * 5 // 4
        case _:
            raise ValueError(f"stage {name} has no estimate of memory; add one")


def _sample_bytes(spec: Spec, k: int = 0) -> int:
    return 4 * spec.dim_embedding * training_rows_count(spec.profiles, k or clusters_of(spec))


def _index_bytes(spec: Spec) -> int:
    """The index; where it is not built from the clusters also its sample, and lists that grow."""
    choice = index_of(spec)
    if choice is None:
        return 0
    trains = needs_training(choice, clusters_of(spec))
    return choice.bytes + (choice.bytes // 4 + 2 * _sample_bytes(spec, choice.nlist) if trains else 0)


def _table_bytes(rows: int, texts: Texts | None) -> int:
    """The table `perfis`. A row that is no small part of a page leaves room there that no other fits into."""
    if texts is None:
        return rows * PROFILE_SQLITE_BYTES
    from synthprof.store.sqlite.database import PAGE_BYTES

    row = (texts.bytes + texts.key_bytes) / rows + TEXT_ROW_BYTES
    left = min(row, PAGE_BYTES, 2 * row * row / PAGE_BYTES)
    return round(rows * (row + left))


def _blobs_bytes(rows: int, *widths: int) -> int:
    from synthprof.store.sqlite.blobs import bytes_of

    return sum(bytes_of(rows, width) for width in widths if width)
