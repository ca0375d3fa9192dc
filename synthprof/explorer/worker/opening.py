"""The line of code by which a program opens an export."""

import shlex
from collections.abc import Sequence
from fnmatch import fnmatch
from pathlib import Path

_VECTORS = 'numpy.memmap({{}}, "{}", "r", 8).reshape(*numpy.fromfile({{}}, "uint32", 2))'

OPENING = {
    "parquet": ("data/*.parquet", "polars.scan_parquet({})"),
    "arrow": ("data/*-00000-*.arrow", "pyarrow.ipc.open_file(pyarrow.memory_map({}))"),
    "jsonl": ("rows.jsonl", "polars.scan_ndjson({})"),
    "csv": ("rows.csv", "polars.scan_csv({})"),
    "npy": ("embeddings.npy|vectors.npy|*.npy", 'numpy.load({}, mmap_mode="r")'),
    "fvecs": ("base.fvecs", "faiss.contrib.vecs_io.fvecs_mmap({})"),
    "fbin": ("base.fbin", _VECTORS.format("float32")),
    "u8bin": ("base.u8bin", _VECTORS.format("uint8")),
    "i8bin": ("base.i8bin", _VECTORS.format("int8")),
    "hdf5": ("*.hdf5", "h5py.File({})"),
    "vectordbbench": ("train.parquet", "polars.scan_parquet({})"),
    "qdrant": ("vectors.npy", 'numpy.load({}, mmap_mode="r")'),
    "bigann-filter": ("base.fbin", _VECTORS.format("float32")),
    "huggingface": ("", "datasets.load_dataset({})"),
    "opensearch-bulk": ("", "URL=http://127.0.0.1:9200 INDEX=rows SETTINGS=opensearch.json sh load.sh"),
    "lance": ("rows.lance", "lance.dataset({})"),
    "pgvector": ("", "psql -d DATABASE -f schema.sql -f load.sql -f indexes.sql"),
}
"""For each format the file to open, the first that fits, and how: in Python, or by a shell in the folder."""

MANY = ("parquet",)
"""Formats whose line opens all files at once."""


def opened(name: str, folder: Path, files: Sequence[str]) -> str:
    """Return the line for an export of this format in a folder; files: their names in it.

    >>> opened("jsonl", Path("/data"), ["rows.jsonl"])
    "polars.scan_ndjson('/data/rows.jsonl')"
    """
    pattern, line = OPENING.get(name, ("", ""))
    if line and "{}" not in line:
        return f"cd {shlex.quote(str(folder))} && {line}"
    fits = [each for one in pattern.split("|") for each in files if fnmatch(each, one)]
    file = fits[0] if fits and name not in MANY else pattern
    return line.replace("{}", repr(str(folder / file)))
