"""The storage that workers of several machines share: a mounted folder, or a bucket around each stage.

This is the light side, which the DAG file imports; `exchange` does the work (docs/adr/0012).
"""

import contextlib
import os
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from synthprof.base.errors import Busy, SpecError, StageError
from synthprof.orchestration.tasks import child
from synthprof.pipeline import stage as find
from synthprof.spec.request import Request
from synthprof.spec.shards import Shard
from synthprof.system.environment import RUN_ID, STORAGE, home_folder
from synthprof.system.refusals import clear_errors

if TYPE_CHECKING:
    from synthprof.orchestration.bucket.exchange import Exchange

PUBLISH_POOL = "synthprof_publish"
"""The Airflow pool with one slot that keeps publications apart, since a bucket has no locks."""


def setting() -> str:
    """Return the address of the shared storage; empty where it is the data root."""
    return os.environ.get(STORAGE, "").strip()


@contextlib.contextmanager
def shared(
    stage: str, params: Mapping[str, Any], shard: tuple[int, int] | None, run_id: str = ""
) -> Iterator["Exchange | None"]:
    """Inside, the home has what the stage reads; afterwards, the shared storage has what it made.

    Gives None where the data root itself is shared. When the stage fails, its sealed blocks are stored
    all the same, for the next attempt to keep. run_id: as `run_stage` has it. Raises SpecError, Busy or
    StageError.
    """
    url = setting()
    if not url:
        yield None
        return
    with clear_errors():
        exchange = _exchange(url, stage, params, shard and Shard(*shard), run_id)
        exchange.fetch()
    try:
        yield exchange
    except (SpecError, Busy):
        raise
    except StageError:
        exchange.store_blocks()
        raise
    with clear_errors():
        exchange.store()


def run_stage(
    stage: str,
    params: Mapping[str, Any],
    shard: tuple[int, int] | None,
    run_id: str,
    *,
    on_start: Callable[[child.Child], None] = lambda child: None,
    variables: Mapping[str, str] | None = None,
) -> Any:  # noqa: ANN401
    """Run the stage in a child process and return its value, with its files where the workers share them.

    What the source of a collection has told here is handed to the child, which need not read it once more:
    it could have changed, and the build in the bucket is named by it. Raises as `shared` and the child do.
    """
    with _set(variables or {}), shared(stage, params, shard, run_id) as exchange:
        known = exchange.work.spec.resolved if exchange else {}
        told = {**(variables or {}), RUN_ID: run_id}
        value = child.run_stage(stage, {**params, **known}, shard, on_start=on_start, variables=told)
        return exchange.located(value) if exchange else value


@contextlib.contextmanager
def _set(variables: Mapping[str, str]) -> Iterator[None]:
    """Inside, the variables are set in this process, too, where a source is surveyed for a bucket."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _exchange(
    url: str, stage: str, params: Mapping[str, Any], shard: Shard | None, run_id: str
) -> "Exchange":
    from synthprof.orchestration.bucket.bucket import Bucket
    from synthprof.orchestration.bucket.exchange import Exchange
    from synthprof.orchestration.bucket.work import Work

    request = Request.from_params(params)
    if stage == "setup" and request.runtime.source:  # what the source holds names the build
        from synthprof.stages.import_rows import resolve_source

        request = resolve_source(request, home_folder())
    elif stage == "setup":
        from synthprof.stages.own_schema import resolve_schema

        request = resolve_schema(request, home_folder())
    _check_travels(request)
    return Exchange(Work(Bucket(url), find(stage), request, shard, run_id))


def _check_travels(request: Request) -> None:
    """Raise SpecError for a request whose parts cannot travel."""
    if request.runtime.max_failed and request.spec.slow_encoder:
        raise SpecError(
            f"max_failed={request.runtime.max_failed}: the list of rows without an embedding does "
            f"not travel through a bucket; set max_failed=0, or {STORAGE} empty and mount a shared folder"
        )
