"""Fixtures of fault tests: the digests of undisturbed runs, and what a whole run calls."""

import json
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from builds import PARTED, PROFILES, Built, all_but_published, texts_but_published
from fault_server import Faults, serving
from harness import LARGE, SMALL, Subject
from once import made_once


@dataclass(frozen=True)
class Reference:
    """An undisturbed run: its data root, which tests only copy, its digest, and how long it took."""

    subject: Subject
    digest: str
    seconds: float

    def copy(self, to: Path) -> Subject:
        shutil.copytree(self.subject.home, to, symlinks=True)
        return Subject(to, self.subject.params)


def _make(folder: Path, params: dict[str, Any]) -> None:
    began = time.monotonic()
    digest = Subject(folder / "home", params).finish()
    (folder / "facts.json").write_text(json.dumps([digest, time.monotonic() - began]))


def _small(folder: Path) -> None:
    _make(folder, SMALL)


def _large(folder: Path) -> None:
    _make(folder, LARGE)


def _reference(folder: Path, params: dict[str, Any]) -> Reference:
    digest, seconds = json.loads((folder / "facts.json").read_text())
    return Reference(Subject(folder / "home", dict(params)), digest, seconds)


@pytest.fixture(scope="session")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Reference:
    return _reference(made_once(tmp_path_factory, _small, copy=False), SMALL)


@pytest.fixture(scope="session")
def large_reference(tmp_path_factory: pytest.TempPathFactory) -> Reference:
    return _reference(made_once(tmp_path_factory, _large, copy=False), LARGE)


@pytest.fixture
def subject(tmp_path: Path) -> Subject:
    return Subject(tmp_path / "home")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Built]]:
    """Give a build of these, each made once, when it is first asked for."""
    made: dict[str, Built] = {}
    with pytest.MonkeyPatch.context() as environment, serving(Faults()) as url:
        environment.setenv("SYNTHPROF_EMBEDDINGS_URL", url)

        def build(name: str) -> Built:
            if name not in made:
                home = tmp_path_factory.mktemp(name)
                params = PARTED if name == "parted" else PROFILES
                made[name] = (
                    texts_but_published(home)
                    if name == "texts"
                    else all_but_published(home, params, {"seed": 7, "force": True})
                )
            return made[name]

        yield build
