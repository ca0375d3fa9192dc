"""One choice of BLAS and FAISS kernels for every x86-64 processor, so that bytes do not depend on it.

Both libraries choose kernels by the processor's model and cache. Kernels round differently, and one different
bit in a product can move a centroid, or a code in the index (docs/adr/0011-one-choice-of-kernels.md).
"""

import os
import platform
from pathlib import Path

KERNELS = {"OPENBLAS_CORETYPE": "Haswell", "OPENBLAS_L2_SIZE": "512", "FAISS_SIMD_LEVEL": "AVX2"}
"""Variables that OpenBLAS and FAISS read when they are loaded. x86-64 processors have AVX2 since 2013."""

NEEDED = {"avx2", "fma"}
"""Processor flags that the common kernels need."""


def choose_kernels() -> None:
    """Set the common kernels for libraries that this process and its children load later.

    On a processor without them, or of another architecture, the libraries choose.
    """
    if platform.machine() in ("x86_64", "AMD64") and _flags() >= NEEDED:
        os.environ.update(KERNELS)


def _flags() -> set[str]:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return set()
    return next((set(line.partition(":")[2].split()) for line in lines if line.startswith("flags")), set())
