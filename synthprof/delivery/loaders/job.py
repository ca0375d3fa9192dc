"""The job that loads a version into a target: it goes on where it was cut, nothing twice, nothing missing."""

from contextlib import closing
from pathlib import Path

from synthprof.base.digests import digest_of
from synthprof.base.locks import lock
from synthprof.delivery.loaders import registry
from synthprof.delivery.loaders.address import Address, address_of
from synthprof.delivery.loaders.faults import another_table
from synthprof.delivery.loaders.order import LoadOrder
from synthprof.delivery.loaders.source import Source, source_of
from synthprof.delivery.loaders.target import Target
from synthprof.delivery.loaders.work import Begun, Loaded, Work
from synthprof.spec.spec import BLOCK_ROWS
from synthprof.store import loads
from synthprof.store.loads import Progress
from synthprof.system.events import Observer
from synthprof.system.refusals import clear_errors
from synthprof.versions.version import Version, open_version


def load(home: Path, order: LoadOrder, observe: Observer = lambda *_: None) -> Loaded:
    """Load a version into a target; what an earlier call has written stays, and is checked.

    Raises SpecError for a wrong URL, password, table, column or version, Busy if another process loads into
    the same table, StageError if the target fails or a row is not as it was written.
    """
    address = address_of(order.into)
    kind = registry.find(address)
    version = open_version(home, order.dataset, order.version or None)
    source = source_of(version, kind, address, order)
    path = loads.place_of(home, version.dataset, address.key(source.layout.table))
    busy = f"the load into {source.layout.table!r} of {address}"
    with (
        clear_errors(),
        lock(loads.lock_of(path), busy),
        closing(kind.open(address, source.layout)) as target,
    ):
        begun = _begin(target, source, address, path, replace=order.replace)
        return Work(target, source, path, observe).run(begun)


def open_target(order: LoadOrder, version: Version) -> tuple[Target, Source]:
    """Return the open target that an order names, and the rows that `load` puts there.

    The caller closes the target. Raises as `load` does.
    """
    address = address_of(order.into)
    kind = registry.find(address)
    source = source_of(version, kind, address, order)
    return kind.open(address, source.layout), source


def _begin(target: Target, source: Source, address: Address, path: Path, *, replace: bool) -> Begun:
    """Return where to begin, with a table that is there. Raises SpecError if it holds other rows.

    The checkpoint is written before the table is made, so that a table half filled is known as ours.
    """
    wanted = _wanted(source, address)
    known = loads.read(path)
    ours = known is not None and known.what == wanted.what
    if replace and (known is None or not ours or known.done):
        loads.write(path, wanted)
        known, ours = wanted, True
        target.drop()
    there = target.count()
    if there and not ours:
        held = f"version {known.version} of {known.dataset}" if known else "of unknown origin"
        raise another_table(address, f"{wanted.table!r} holds {there:,} rows, {held}")
    if known is None or not ours or (there or 0) < known.rows:
        known = wanted  # of what was written, some is lost: all is written again
    loads.write(path, known)
    target.prepare()
    more = (there or 0) - known.rows
    return Begun(known, first_again=more > 0, all_again=more > (BLOCK_ROWS if known.blocks else 0))


def _wanted(source: Source, address: Address) -> Progress:
    """Return the checkpoint of a load that has not begun."""
    version, layout = source.rows.version, source.layout
    columns = [(field.name, str(field.type)) for field in layout.schema]
    what = digest_of([version.manifest.content, columns, layout.vector, layout.metric, source.workload])[:16]
    return Progress(
        into=str(address),
        table=layout.table,
        dataset=version.dataset,
        version=version.name,
        columns=tuple(name for name in source.rows.schema.names if name not in ("id", layout.vector)),
        workload=source.workload,
        what=what,
    )
