"""The kernels of BLAS and FAISS are the same on every x86-64 processor, so that the bytes are.

Both choose kernels by the processor's make and cache; those round differently, and one other bit in a product
can move a centroid, or a code in the index (docs/adr/0011-one-choice-of-kernels.md).
"""

import os
import platform
from pathlib import Path

KERNELS = {"OPENBLAS_CORETYPE": "Haswell", "OPENBLAS_L2_SIZE": "512", "FAISS_SIMD_LEVEL": "AVX2"}
"""What OpenBLAS and FAISS read when they are loaded; AVX2 is in x86-64 processors since 2013."""

NEEDED = {"avx2", "fma"}


def choose_kernels() -> None:
    """Libraries that are loaded from here on, by us and by our children, use the common kernels.

    Where the processor lacks them, or is of another kind, the libraries' own choice stands.
    """
    if platform.machine() in ("x86_64", "AMD64") and _flags() >= NEEDED:
        os.environ.update(KERNELS)


def _flags() -> set[str]:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return set()
    return next((set(line.partition(":")[2].split()) for line in lines if line.startswith("flags")), set())
