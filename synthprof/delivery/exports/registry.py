"""The formats by name, each loaded when it is asked for. Light: help and forms list them."""

import importlib
from typing import TYPE_CHECKING

from synthprof.base.errors import SpecError
from synthprof.base.extras import check_installed

if TYPE_CHECKING:
    from synthprof.delivery.exports.format import Format

TITLES = {
    "parquet": "Parquet files with typed columns, lists and vectors",
    "arrow": "Arrow IPC files, to be mapped into memory",
    "jsonl": "JSON lines: an object for each row",
    "csv": "CSV, safe in spreadsheets; lists and vectors as JSON",
    "npy": "NumPy arrays of ids, clusters, feature vectors and embeddings",
    "fvecs": "Vectors as the texmex data sets have them (float32)",
    "fbin": "Vectors as big-ann-benchmarks has them (float32)",
    "u8bin": "Vectors in 8 bits from 0 to 255, with their scale",
    "i8bin": "Vectors in 8 bits from -127 to 127, with their scale",
    "hdf5": "HDF5 of ann-benchmarks: vectors, queries, true neighbours",
    "vectordbbench": "custom data set of VectorDBBench, with labels",
    "qdrant": "vector-db-benchmark of Qdrant: vectors, payloads, filtered tests",
    "bigann-filter": "filter track of big-ann-benchmarks: vectors, tags, truth",
    "huggingface": "Folder for datasets.load_dataset, with child tables",
    "opensearch-bulk": "Bulk actions for OpenSearch and Elasticsearch, and their mappings",
    "lance": "Lance, as LanceDB opens it; bytes differ from run to run",
    "pgvector": "PostgreSQL with pgvector: binary COPY files and their SQL",
}
"""The formats and what each is, in the order in which help lists them. Of `a-b` the module is `a_b`."""


def find(name: str) -> "Format":
    """Return the format of a name. Raises SpecError for an unknown one, or if its packages are missing."""
    if name not in TITLES:
        raise SpecError(f"there is no format {name[:80]!r}; there are: {', '.join(TITLES)}")
    found = load(name)
    if found.packages:
        check_installed(found.extra, *found.packages)
    return found


def load(name: str) -> "Format":
    """Return a format that is listed, whether or not it can be written here."""
    found: Format = importlib.import_module(f"{__package__}.{name.replace('-', '_')}").FORMAT
    return found
