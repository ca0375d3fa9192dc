"""What a process of our own does before it works."""

import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder


def forgo_pandas() -> None:
    """Arrow does not import pandas in this process: it takes a third of a second, and nothing here needs it.

    pyarrow looks once whether pandas is there, by importing it, when it first makes a scalar or an array.
    Afterwards pandas can be imported all the same, but Arrow's own conversions to it are gone: this is for
    processes that nobody else's code shares. If pyarrow looks otherwise one day, pandas is imported again.
    """
    import pyarrow as pa

    hidden = _Hidden()
    sys.meta_path.insert(0, hidden)
    try:
        pa.scalar(0)
    finally:
        sys.meta_path.remove(hidden)


class _Hidden(MetaPathFinder):
    def find_spec(self, fullname: str, path: Sequence[str] | None, target: object = None) -> None:
        if fullname == "pandas":
            raise ImportError(name=fullname)
