"""The order is checked against schema, memory and disk, and its folder made, before any work starts."""

import logging
import time
from typing import Any

from synthprof.base.disk import check_disk
from synthprof.base.errors import SpecError
from synthprof.base.files import write_text
from synthprof.base.kinds import read_bytes
from synthprof.pipeline import version_of
from synthprof.schemas.bundle import SCHEMA_FILE, text_digest
from synthprof.spec.shards import plan_shards
from synthprof.stages.context import Context, Outcome
from synthprof.stages.own_schema import keep_schema
from synthprof.stages.plan import plan
from synthprof.stages.survey import SURVEY, left_out, read_survey, tell
from synthprof.store.build import ENCODER, SINCE, SPEC, Build
from synthprof.store.facts import read_fact, write_fact
from synthprof.store.receipts import read_receipt

RENEWED = (SPEC, SINCE, ENCODER)
"""Files of the build folder that a run with `force` writes again."""

BUILD_FILES = (*RENEWED, SURVEY, SCHEMA_FILE)
"""Files that `setup` leaves in the build folder for later stages, some only where they are needed."""

logger = logging.getLogger(__name__)


def run(context: Context) -> Outcome:
    """Make the build folder and check the plan; with `force`, remove everything of earlier runs."""
    request, build = context.request, context.build
    for folder in (build.folder, context.store.folder):
        check_disk(folder)
    context.store.check_places()
    present = build.bytes_present(alone=request.runtime.force)
    try:
        planned = plan(request, context.budget, present, context.footprint, context.bundle)
    except SpecError:
        build.forget_rows()
        raise
    for warning in planned.warnings:
        logger.warning("%s", warning)
    logger.info("configuration: %s", request.params)
    if survey := read_survey(build.folder):
        tell(survey)
    if request.runtime.force:
        build.clear()
    if request.runtime.force or not _since_is_sound(build):
        write_fact(build.folder / SINCE, time.time())
    if context.spec.slow_encoder:
        from synthprof.stages.embed import check_service, forget_outdated  # only who asks pays for tenacity

        check_service(context)
        forget_outdated(context)
    _write(context)
    return Outcome(
        0,
        details={
            "version": version_of(context.spec),
            "shards": _shards(context),
            "clusters": planned.clusters,
            "index": planned.index.kind if planned.index else None,
            "found_out": context.spec.resolved,
            **left_out(build.folder),
        },
    )


def holds(context: Context) -> bool:
    """Return whether the shards are those asked for now; their number may change between two attempts.

    And whether what it has written for later stages is as it was, and the embeddings that lie there, if they
    are slow to make, are still those that are wanted.
    """
    receipt = read_receipt(context.folder(), None)
    if receipt is None or receipt.details["shards"] != _shards(context):
        return False
    if not (_spec_is_sound(context) and _schema_is_sound(context) and _since_is_sound(context.build)):
        return False
    if any(receipt.details.get(name) != value for name, value in left_out(context.build.folder).items()):
        return False
    if not context.spec.slow_encoder:
        return True
    from synthprof.stages import embed

    return embed.holds(context)


def _write(context: Context) -> None:
    """Write what is of the whole build: its spec, and a schema of the user's."""
    if context.spec.schema_digest:
        keep_schema(context.build.folder, context.bundle)
    write_text(context.build.folder / SPEC, _spec_text(context))


def _spec_text(context: Context) -> str:
    return context.spec.model_dump_json(indent=1)


def _spec_is_sound(context: Context) -> bool:
    path = context.build.folder / SPEC
    return path.is_file() and read_bytes(path) == _spec_text(context).encode()


def _schema_is_sound(context: Context) -> bool:
    path, digest = context.build.folder / SCHEMA_FILE, context.spec.schema_digest
    return not digest or (path.is_file() and text_digest(read_bytes(path).decode(errors="replace")) == digest)


def _since_is_sound(build: Build) -> bool:
    """Return False if since when answers count was written but changed; then none saved so far counts."""
    path = build.folder / SINCE
    return not path.exists() or isinstance(read_fact(path), float)


def _shards(context: Context) -> list[list[Any]]:
    shards = plan_shards(context.spec, context.request.runtime)
    return [[shard.first, shard.end, shard.label(context.spec.profiles)] for shard in shards]
