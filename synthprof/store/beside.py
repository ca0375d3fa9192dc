"""Texts that lie beside a version, outside its sealed content: <home>/<dataset>/versions/<version>.<name>."""

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from synthprof.base.files import write_text


def put_beside(folder: Path, texts: Mapping[str, str]) -> None:
    """Write texts beside the version in `folder`, each whole or not at all; those that are the same stay.

    They name the version's files by paths from where they lie, as `<version>/perfis.db`.
    """
    for name, text in texts.items():
        path = place_beside(folder, name)
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            write_text(path, text)


def forget_beside(folder: Path) -> None:
    """Remove the texts beside a version that is removed."""
    with suppress(OSError):
        for path in folder.parent.glob(f"{folder.name}.*"):
            path.unlink(missing_ok=True)


def place_beside(folder: Path, name: str) -> Path:
    """Return the path of a text beside the version in `folder`.

    >>> place_beside(Path("versions/0123456789ab"), "README.md")
    PosixPath('versions/0123456789ab.README.md')
    """
    return folder.with_name(f"{folder.name}.{name}")
