"""A manifest that is sealed and yet says what is not so: `verify` finds what can be proven."""

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest

from synthprof.base.files import FileRecord
from synthprof.runner.run import run_all
from synthprof.spec.request import Request
from synthprof.store.manifest import Manifest
from synthprof.versions.verify import Verdict, verify
from synthprof.versions.version import Version, open_version

PARAMS: dict[str, Any] = {
    **{"dataset": "told", "profiles": 700, "clusters": 4, "kmeans_niter": 2, "dim_embedding": 24},
    **{"dim_vector": 20, "index": "ivf_flat", "workers": 1},
}


@pytest.fixture(scope="module")
def version(tmp_path_factory: pytest.TempPathFactory) -> Version:
    home = tmp_path_factory.mktemp("told")
    run_all(Request.from_params(PARAMS), home)
    return open_version(home, "told")


def _score(name: str, change: float) -> Callable[[Manifest], dict[str, Any]]:
    """Return the change of a score by a share of it, in the stage's receipt as well."""

    def changed(manifest: Manifest) -> dict[str, Any]:
        score = manifest.scores[name] * (1 + change)
        scores = {stage: each.details.get("scores", {}) for stage, each in _stages(manifest).items()}
        (made_by,) = (stage for stage, found in scores.items() if name in found)
        stages = _stage(manifest, made_by, details={"scores": scores[made_by] | {name: score}})
        return {"scores": manifest.scores | {name: score}, "stages": stages}

    return changed


def _stages(manifest: Manifest) -> dict[str, Any]:
    return {each.stage: each for each in manifest.stages}


def _stage(manifest: Manifest, name: str, details: dict[str, Any] | None = None, **changes: Any) -> tuple:
    """Return the receipts, that of the stage with other facts."""
    found = _stages(manifest)
    details = found[name].details | (details or {})
    return tuple((found | {name: found[name].model_copy(update={"details": details, **changes})}).values())


def _other(manifest: Manifest) -> tuple[FileRecord, ...]:
    return tuple(
        each.model_copy(update={"sha256": "0" * 64}) for each in manifest.files if each.path == "index.faiss"
    )


FACTS: dict[str, tuple[str, Callable[[Manifest], dict[str, Any]]]] = {
    "inertia": ("says inertia", _score("inertia", 1e-5)),
    "silhouette": ("says silhouette", _score("silhouette", 1e-4)),
    "agreement": ("says homogeneity", _score("homogeneity", 1e-4)),
    "coherence": ("says other counts", lambda it: {"coherence": it.coherence | {"coherent": 1}}),
    "difficulty": ("says lid_100", _score("lid_100", 1e-4)),
    "lists to read": ("says probes_95", _score("probes_95", 1.0)),
    "recall": ("says recall_at_10", _score("recall_at_10", -0.01)),
    "a score of no stage": ("other scores than its", lambda it: {"scores": it.scores | {"inertia": 1.0}}),
    "content": ("another content", lambda it: {"content": "0" * 32}),
    "rows of a stage": ("has 699 rows", lambda it: {"stages": _stage(it, "ingest", rows=699)}),
    "missing rows": ("0 rows have no", lambda it: {"stages": _stage(it, "vectorize", rejected=1)}),
    "spec": ("of other parameters", lambda it: {"stages": _stage(it, "cluster", spec="0" * 32)}),
    "clusters": ("number of clusters", lambda it: {"stages": _stage(it, "cluster", {"clusters": 5})}),
    "effort": ("another nprobe", lambda it: {"stages": _stage(it, "export_index", {"effort": 77})}),
    "files": (
        "another index.faiss",
        lambda it: {"stages": _stage(it, "export_index", files=_other(it))},
    ),
}


def _verdict(version: Version, changes: dict[str, Any]) -> Verdict:
    manifest = version.manifest.model_copy(update=changes)
    return verify(dataclasses.replace(version, manifest=manifest), None, lambda *_: None)


def test_a_version_that_says_what_is_so_is_sound(version: Version) -> None:
    assert not _verdict(version, {}).findings


@pytest.mark.parametrize("fact", FACTS)
def test_a_false_fact_is_found(version: Version, fact: str) -> None:
    words, change = FACTS[fact]
    assert [each for each in _verdict(version, change(version.manifest)).findings if words in each]
