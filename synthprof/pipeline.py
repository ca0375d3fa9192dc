"""The stages: what there is to do, in which order, and where the work of each stands.

This module is imported by the DAG file: the work itself (module `synthprof.stages.<name>`, function `run`) is
imported only where it is done.
"""

import functools
import importlib
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Literal

from synthprof.base.digests import digest_of
from synthprof.base.errors import SpecError
from synthprof.schemas.loader import files_digest, texts_digest
from synthprof.spec.spec import Spec


@dataclass(frozen=True)
class Stage:
    """One step of making a data set, which can be run and retried alone.

    version: raised when the bytes it makes change; that invalidates its results and those that need them.
    scope: "shard" work is split by block ranges, "dataset" work is not.
    needs: the stages whose results it reads.
    when: the parameter that must be true for the stage to have something to do.
    concurrent: whether one thread does its work where there is one worker; others need not wait for it.
    pooled: whether it gives work to the pool's processes.
    alone: whether no other stage of the build is at work meanwhile.
    schemas: whether its key changes with the files of the built-in schemas, too.
    texts: whether it does with those that say what words mean, where texts are embedded by them.
    """

    name: str
    version: int
    scope: Literal["shard", "dataset"]
    needs: tuple[str, ...] = ()
    when: str | None = None
    concurrent: bool = False
    pooled: bool = False
    alone: bool = False
    schemas: bool = False
    texts: bool = False

    def folder(self, spec: Spec) -> str:
        """What its folder is called in a build of this spec: its name and its key."""
        return f"{self.name}-{keys(STAGES, spec)[self.name]}"

    @property
    def run(self) -> Callable[..., Any]:
        """The function that does the work: Context -> Outcome."""
        return self._module.run  # type: ignore[no-any-return]

    def applies(self, spec: Spec) -> bool:
        """Whether it has anything to do for this spec."""
        return self.when is None or bool(getattr(spec, self.when))

    def prepare(self, spec: Spec) -> None:
        """What the work needs in memory is there, for the pool's processes to share once they are forked."""
        getattr(self._module, "prepare", lambda _: None)(spec)

    def holds(self, context: Any) -> bool:  # noqa: ANN401
        """Whether what the receipt tells still holds beyond the files it names."""
        return bool(getattr(self._module, "holds", lambda _: True)(context))

    @property
    def _module(self) -> ModuleType:
        return importlib.import_module(f"synthprof.stages.{self.name}")


STAGES = (
    Stage("setup", 1, "dataset", alone=True),
    Stage("generate", 2, "shard", ("setup",), pooled=True, schemas=True),
    Stage("ingest", 2, "dataset", ("generate",), concurrent=True),
    Stage("vectorize", 2, "shard", ("generate",), pooled=True, texts=True),
    Stage("persist_blobs", 3, "dataset", ("vectorize",)),
    Stage("cluster", 3, "dataset", ("vectorize",)),
    Stage("export_index", 1, "dataset", ("cluster",), when="save_index"),
    Stage("vacuum", 1, "dataset", ("ingest", "persist_blobs", "cluster"), when="vacuum"),
    Stage(
        "publish",
        3,
        "dataset",
        ("ingest", "persist_blobs", "cluster", "export_index", "vacuum"),
        pooled=True,
        alone=True,
    ),
)

BEFORE_PUBLISH = STAGES[:-1]


def keys(stages: tuple[Stage, ...], spec: Spec) -> dict[str, str]:
    """The key of each stage; stages come after those they need.

    Eight hexadecimal digits that change with its version, what it reads of the schemas' files, or any stage
    it needs.
    """
    by_words = bool(spec.collection) and spec.encoder == "catalogue"
    return _keys(stages, texts_digest(spec.profile_schema) if by_words else "")


@functools.cache
def _keys(stages: tuple[Stage, ...], texts: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for each in stages:
        read = [files_digest()] if each.schemas else []
        read += [texts] if each.texts and texts else []
        made_of = [each.name, each.version, [found[need] for need in each.needs], *read]
        found[each.name] = digest_of(made_of)[:8]
    return found


def wanted(spec: Spec, stages: tuple[Stage, ...] = STAGES) -> list[Stage]:
    """Those of the stages that have something to do for this spec, in order."""
    return [each for each in stages if each.applies(spec)]


def version_of(spec: Spec) -> str:
    """The name of the version that this release, with its schemas, makes of a spec."""
    return digest_of([spec.digest, keys(STAGES, spec)["publish"]])[:12]


def check_same_release(dataset: str, version: str, spec: Spec, what: str) -> None:
    """Nothing, if this release with its schemas made the version; else SpecError. what: the verb wanted."""
    if version_of(spec) != version:
        raise SpecError(
            f"version {version} of {dataset!r} was made by another release or schema of synthprof, which "
            f"must {what} it; or make it anew with `synthprof run`"
        )


def stage(name: str) -> Stage:
    """The stage of that name; SpecError if there is none."""
    found = next((each for each in STAGES if each.name == name), None)
    if found is None:
        raise SpecError(f"Unknown stage {name!r}; the stages are {', '.join(each.name for each in STAGES)}")
    return found
