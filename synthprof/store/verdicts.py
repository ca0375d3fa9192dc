"""The verdict of the last verification of a version: a small file beside it, outside its sealed content.

<home>/<dataset>/versions/<version>.verified.json
"""

import datetime
from contextlib import suppress
from importlib.metadata import version as release_of
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from synthprof.base.files import write_text
from synthprof.store.manifest import Manifest


class KeptVerdict(BaseModel):
    """The result of a verification: when, by which release, and what it found.

    manifest: names the publication that was verified; of another one it says nothing. files: number of files
    compared with their checksums. blocks: number of blocks made again, of `blocks_total`. findings: a
    sentence for each fault. summary: a sentence on a sound version, else how to mend it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    manifest: str
    at: str
    release: str
    sound: bool
    files: int
    blocks: int
    blocks_total: int
    findings: tuple[str, ...]
    summary: str

    @property
    def line(self) -> str:
        """The verdict in a few words: "sound 2026-01-31"."""
        return f"{'sound' if self.sound else 'damaged'} {self.at[:10]}"


def keep_verdict(folder: Path, verdict: KeptVerdict) -> None:
    """Write the verdict beside the version in `folder`; where nothing can be written it is not kept."""
    if folder.parent.name == "versions":
        with suppress(OSError):
            write_text(_path(folder), verdict.model_dump_json(indent=1))


def kept_verdict(folder: Path, manifest: Manifest) -> KeptVerdict | None:
    """Return the verdict on the version in `folder`; None if there is none on what lies there now."""
    try:
        found = KeptVerdict.model_validate_json(_path(folder).read_bytes())
    except (OSError, ValidationError):
        return None
    return found if found.manifest == manifest.digest() else None


def forget_verdict(folder: Path) -> None:
    """Remove the verdict: the version is mended, or removed."""
    with suppress(OSError):
        _path(folder).unlink(missing_ok=True)


def checking(folder: Path) -> Path:
    """Return the path of the mark of a verification at work (`state.at_work`)."""
    return folder.parent.parent / "locks" / f"verify-{folder.name}"


def now_and_release() -> tuple[str, str]:
    """Return the moment and the release of this program, as a verdict has them."""
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"), release_of("synthprof")


def _path(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.verified.json")
