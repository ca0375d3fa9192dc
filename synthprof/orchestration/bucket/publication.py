"""A version on its way from a worker's home into the bucket, and old ones on their way out."""

import contextlib
import datetime
import logging
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from synthprof.base.files import FileRecord
from synthprof.orchestration.bucket.bucket import Bucket, at_once
from synthprof.spec.spec import Spec
from synthprof.store.manifest import MANIFEST, Manifest, read_manifest
from synthprof.store.pointer import CURRENT
from synthprof.store.store import Store

logger = logging.getLogger(__name__)

EPOCH = "EPOCH"
"""The object that names the attempt of a build that counts."""

BEGUN = "BEGUN"
"""The object that is written whenever a run begins in a build."""

ANEW_FOR = "anew-for"
"""The object that names the run whose `force` began the epoch."""

BUILD_RESTS = datetime.timedelta(days=1)
"""A build in which a run began more recently is not pruned: that run may still be at work, on any machine."""


@dataclass(frozen=True)
class Publication:
    """One version of a data set. contents: the key under which the bucket has files by their checksums."""

    bucket: Bucket
    home: Store
    version: str
    contents: str

    @property
    def key(self) -> str:
        """Return the key of the version in the bucket."""
        return f"{self.home.dataset}/versions/{self.version}"

    def store(self, keep: int) -> None:
        """Store the version whole and make it current; keep `keep` versions (0: all)."""
        folder = self.home.published(self.version)
        manifest = read_manifest(folder)
        there = self._stored()
        if there is None or there.content != manifest.content or not self._whole(there):
            self._put(folder, manifest)
            there = manifest
        self.bucket.put_text(f"{self.key}/{MANIFEST}", there.text())  # which also dates it
        self.bucket.put_text(f"{self.home.dataset}/{CURRENT}", f"versions/{folder.name}\n")
        self._prune(keep)

    def _stored(self) -> Manifest | None:
        return sound_manifest(self.bucket.text(f"{self.key}/{MANIFEST}"))

    def _whole(self, manifest: Manifest) -> bool:
        there = at_once(lambda file: self.bucket.has(f"{self.key}/{file.path}", file.bytes), manifest.files)
        return all(there)

    def _put(self, folder: Path, manifest: Manifest) -> None:
        """Store the files under their names; there is no manifest meanwhile."""
        self.bucket.remove(f"{self.key}/{MANIFEST}")

        def put(file: FileRecord) -> None:
            content = f"{self.contents}/{file.checksum}"
            if self.bucket.has(content, file.bytes):
                self.bucket.copy(content, f"{self.key}/{file.path}")
            else:
                self.bucket.put(folder / file.path, f"{self.key}/{file.path}")

        at_once(put, manifest.files)

    def _prune(self, keep: int) -> None:
        """Of the versions in the bucket, the `keep` published last are left; 0 keeps all."""
        root = f"{self.home.dataset}/versions"
        dates = {
            path.removesuffix(f"/{MANIFEST}"): date
            for path, date in self.bucket.keys(root).items()
            if path.endswith(f"/{MANIFEST}")
        }
        newest_first = sorted(
            dates, key=lambda version: (version == self.version, dates[version]), reverse=True
        )
        manifests = {
            name: sound_manifest(self.bucket.text(f"{root}/{name}/{MANIFEST}")) for name in newest_first
        }
        for version in newest_first[keep:] if keep else ():
            self.bucket.remove(f"{root}/{version}/{MANIFEST}")
            self.bucket.remove_all(f"{root}/{version}")
            gone = manifests.pop(version)
            if gone and all(gone.spec != other.spec for other in manifests.values() if other):
                with contextlib.suppress(ValidationError):  # another release's spec: no build of ours
                    self._remove_build(Spec.model_validate(gone.spec))
            logger.info("storage: removed the old version %s", version)

    def _remove_build(self, spec: Spec) -> None:
        key = f"{self.home.dataset}/build/{self.home.build(spec).folder.name}"
        begun = self.bucket.keys(key).get(BEGUN)
        if begun is None or datetime.datetime.now(datetime.UTC) - begun > BUILD_RESTS:
            self.bucket.remove(f"{key}/{EPOCH}")
            self.bucket.remove_all(key)


def current_version(bucket: Bucket, dataset: str) -> tuple[str, datetime.datetime] | None:
    """Return the name of the bucket's current version of a data set, and when it was published; or None."""
    name = (bucket.text(f"{dataset}/{CURRENT}") or "").strip().removeprefix("versions/")
    published = bucket.keys(f"{dataset}/versions/{name}").get(MANIFEST) if name else None
    return (name, published) if published else None


def sound_manifest(text: str | None) -> Manifest | None:
    """Return the manifest if the text is one that was not changed."""
    try:
        found = Manifest.model_validate_json(text or "")
    except ValidationError:
        return None
    return found if found.is_proven else None
