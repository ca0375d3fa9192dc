"""The job that exports a version: resumable by step, published whole beside the version."""

import logging
from importlib.metadata import version as release
from pathlib import Path
from typing import Any

from synthprof.base.digests import digest_of
from synthprof.base.errors import SpecError
from synthprof.delivery.exports import cards, registry
from synthprof.delivery.exports.format import Format, Writing
from synthprof.delivery.exports.order import Order
from synthprof.delivery.rows import Rows
from synthprof.delivery.workloads.workload import Workload, find_workload
from synthprof.report.words import amount, count
from synthprof.store.outputs import Output, Place, finish, making
from synthprof.system.events import Observer
from synthprof.system.refusals import clear_errors
from synthprof.versions.derived import EXPORTS
from synthprof.versions.version import Version, open_version

logger = logging.getLogger(__name__)


def export(home: Path, order: Order, observe: Observer = lambda *_: None) -> tuple[Path, Output]:
    """Export a version in one format; return the folder and its manifest. A finished export stays as it is.

    Raises SpecError for an unknown format, column or version, Busy if the same export is being made,
    StageError for a damaged version. The same call goes on where it was cut short.
    """
    form = registry.find(order.format)
    _check_options(form, order)
    version = open_version(home, order.dataset, order.version or None)
    wanted = form.workload or (form.answers and order.workload)
    workload = find_workload(version, order.workload) if wanted else None
    space = order.space if workload is None else workload.space
    rows = form.rows(version, order.model_copy(update={"space": space}))
    begun = _output(version, form, order, rows, workload)
    place = Place(home / order.dataset / EXPORTS, f"{form.name}-{begun.key}")
    if (done := place.output()) is not None:
        return place.folder, done
    what = f"export {place.name} of {order.dataset!r}"
    with clear_errors(), making(place, what, begun) as work:
        writing = Writing(rows, work, space, order.metric, workload, order.correlation)
        for done_rows in form.write(writing):
            observe(f"export {form.name}", done_rows, version.rows)
        cards.write_cards(writing, begun)
        output = finish(place, work, begun)
    logger.info("export %s: %s rows, %s", place.name, count(output.rows), amount(output.bytes_total))
    return place.folder, output


def _check_options(form: Format, order: Order) -> None:
    for name, value in order.options.items():
        if name not in form.takes:
            raise SpecError(
                f"{name}={value!s:.80}: format {form.name} does not take it, but {' and '.join(form.takes)}; "
                "leave it out"
            )


def _output(version: Version, form: Format, order: Order, rows: Rows, workload: Workload | None) -> Output:
    """Return the manifest without files. Its key follows from what determines the bytes."""
    options: dict[str, Any] = {name: getattr(order, name) for name in form.takes}
    if form.whole:
        options["columns"] = rows.schema.names
    if workload is not None:
        options["workload"] = workload.output.key
    facts: dict[str, Any] = {
        "kind": EXPORTS,
        "name": form.name,
        "dataset": version.dataset,
        "version": version.name,
        "content": version.manifest.content,
        "options": options,
        "rows": version.rows,
        "details": {"written_by": {name: release(name) for name in form.written_by}},
    }
    key = digest_of(facts | {"format_version": form.version, "cards_version": cards.VERSION})[:12]
    return Output(key=key, **facts)
