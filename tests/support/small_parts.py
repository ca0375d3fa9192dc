"""Parts of one block each, so that small data has several, here and in the processes that are started."""

from pathlib import Path

import pytest

PATCH = "from synthprof.spec import contents\ncontents.PART_BLOCKS = 1\n"


def parts_of_one_block(patch: pytest.MonkeyPatch, folder: Path) -> None:
    """Give each block a part of its own until the patch is undone. folder: for a file that processes load."""
    patch.setattr("synthprof.spec.contents.PART_BLOCKS", 1)
    folder.mkdir(exist_ok=True)
    (folder / "sitecustomize.py").write_text(PATCH, encoding="utf-8")
    patch.setenv("PYTHONPATH", str(folder))
