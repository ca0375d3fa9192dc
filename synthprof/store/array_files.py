"""Arrays as files in NumPy's own format, version 1.0: written, read from memory, and recorded."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from synthprof.base.digests import digest_in_memory
from synthprof.base.files import FileRecord

_HEAD_BYTES = 1_024
"""Bytes that surely have the head of a file: mostly 128."""


def save_array(path: Path, array: npt.NDArray[Any]) -> None:
    """Write the array as numpy.save does.

    numpy.save itself loses the reason of a failed write ("16384 requested and 0 written").
    """
    array = np.ascontiguousarray(array)
    with path.open("wb") as file:
        file.write(_head_of(array))
        file.write(array.data)


def array_of(content: npt.NDArray[np.uint8]) -> np.ndarray:
    """Return the array that a file of this content holds, on its bytes. Raises ValueError if none."""
    head = io.BytesIO(content[:_HEAD_BYTES].tobytes())
    if np.lib.format.read_magic(head) != (1, 0):
        raise ValueError("it is of another version of the format")
    shape, _, dtype = np.lib.format.read_array_header_1_0(head)
    return content[head.tell() :].view(dtype).reshape(shape)


def record_of_array(name: str, array: npt.NDArray[Any]) -> FileRecord:
    """Return the record of a file that `save_array` has written, from memory."""
    array = np.ascontiguousarray(array)
    head = _head_of(array)
    return FileRecord(path=name, bytes=len(head) + array.nbytes, xxh128=digest_in_memory(head, array.data))


def _head_of(array: npt.NDArray[Any]) -> bytes:
    head = io.BytesIO()
    np.lib.format.write_array_header_1_0(head, np.lib.format.header_data_from_array_1_0(array))
    return head.getvalue()
