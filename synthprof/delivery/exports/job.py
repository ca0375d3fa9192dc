"""The job that exports a version: resumable by step, published whole beside the version."""

import logging
from pathlib import Path
from typing import Any

from synthprof.base.digests import digest_of
from synthprof.base.errors import SpecError
from synthprof.delivery.exports import registry
from synthprof.delivery.exports.format import Format, Writing
from synthprof.delivery.exports.order import Order
from synthprof.delivery.rows import Rows
from synthprof.store.outputs import Output, Place, finish, making
from synthprof.system.events import Observer
from synthprof.system.refusals import clear_errors
from synthprof.versions.version import Version, open_version

EXPORTS = "exports"
"""The folder of a data set's exports."""

logger = logging.getLogger(__name__)


def export(home: Path, order: Order, observe: Observer = lambda *_: None) -> tuple[Path, Output]:
    """Export a version in one format; return the folder and its manifest. A finished export stays as it is.

    Raises SpecError for an unknown format, column or version, Busy if the same export is being made,
    StageError for a damaged version. The same call goes on where it was cut short.
    """
    form = registry.find(order.format)
    if order.columns and not form.whole:
        raise SpecError(f"columns={','.join(order.columns)}: {form.name} takes vectors only; leave it out")
    version = open_version(home, order.dataset, order.version or None)
    rows = Rows(version, order.columns)
    begun = _output(version, form, order, rows)
    place = Place(home / order.dataset / EXPORTS, f"{form.name}-{begun.key}")
    if (done := place.output()) is not None:
        return place.folder, done
    what = f"export {place.name} of {order.dataset!r}"
    with clear_errors(), making(place, what) as work:
        for done_rows in form.write(Writing(rows, work)):
            observe(f"export {form.name}", done_rows, version.rows)
        output = finish(place, work, begun)
    logger.info("export %s: %s rows, %s bytes", place.name, output.rows, output.bytes_total)
    return place.folder, output


def _output(version: Version, form: Format, order: Order, rows: Rows) -> Output:
    """Return the manifest without files. Its key follows from what determines the bytes."""
    facts: dict[str, Any] = {
        "kind": EXPORTS,
        "name": form.name,
        "dataset": version.dataset,
        "version": version.name,
        "content": version.manifest.content,
        "options": {"columns": rows.schema.names} if form.whole else {},
        "rows": version.rows,
    }
    key = digest_of(facts | {"format_version": form.version})[:12]
    return Output(key=key, **facts)
