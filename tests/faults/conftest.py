"""What fault tests share: the digests of undisturbed runs, and what a whole run calls."""

import shutil
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
from harness import LARGE, Subject


@dataclass(frozen=True)
class Reference:
    """An undisturbed run: its data root, which tests only copy, its digest, and how long it took."""

    subject: Subject
    digest: str
    seconds: float

    def copy(self, to: Path) -> Subject:
        shutil.copytree(self.subject.home, to, symlinks=True)
        return Subject(to, self.subject.params)


def _reference(subject: Subject) -> Reference:
    began = time.monotonic()
    return Reference(subject, subject.finish(), time.monotonic() - began)


@pytest.fixture(scope="session")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Reference:
    return _reference(Subject(tmp_path_factory.mktemp("reference")))


@pytest.fixture(scope="session")
def large_reference(tmp_path_factory: pytest.TempPathFactory) -> Reference:
    return _reference(Subject(tmp_path_factory.mktemp("large"), dict(LARGE)))


@pytest.fixture
def subject(tmp_path: Path) -> Subject:
    return Subject(tmp_path / "home")
