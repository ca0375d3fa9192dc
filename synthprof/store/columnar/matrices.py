"""Parts of vectors and embeddings: NumPy arrays that can be mapped."""

import io
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import numpy.typing as npt

from synthprof.base.arrays import Matrix
from synthprof.base.files import start_writing


def write_matrix(path: Path, shape: tuple[int, int], blocks: Iterable[Matrix]) -> None:
    """Write blocks of rows one behind the other as a file of NumPy's format, (rows, dim) <f4."""
    with path.open("wb") as file:
        file.write(npy_header("<f4", shape))
        for block in blocks:
            file.write(np.ascontiguousarray(block, dtype="<f4").data)
            start_writing(path)


def matrix_shape(path: Path) -> tuple[int, int]:
    """Return rows and values of a file that `write_matrix` wrote. Raises ValueError for any other."""
    found = np.load(path, mmap_mode="r", allow_pickle=False)
    if found.dtype != np.dtype("<f4") or found.ndim != 2 or not found.flags.c_contiguous:
        raise ValueError(f"{path} holds {found.dtype} {found.shape}, not rows of float32")
    return found.shape[0], found.shape[1]


def npy_header(dtype: npt.DTypeLike, shape: tuple[int, ...]) -> bytes:
    """Return the beginning of a file of NumPy's format, version 1.0, for an array of that shape."""
    file = io.BytesIO()
    descr = np.lib.format.dtype_to_descr(np.dtype(dtype))
    facts = {"descr": descr, "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(file, facts)
    return file.getvalue()
