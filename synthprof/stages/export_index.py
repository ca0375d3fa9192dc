"""The FAISS index over the embeddings, and how many true neighbours it finds."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from synthprof.base.arrays import Ids, Matrix
from synthprof.base.errors import SpecError
from synthprof.base.files import replacing
from synthprof.similarity import index, inverted_file, list_filling, probes, recall
from synthprof.similarity.list_proofs import ListProofs, proofs_of
from synthprof.spec.contents import INDEX, LABELS, blocks_of, parts_of
from synthprof.spec.sizing import IndexChoice, index_of, lists_in_parts
from synthprof.stages.context import Context, Outcome
from synthprof.stages.train_index import queries_of, trained_by, trained_in
from synthprof.store.blocks import EMBEDDINGS, LISTS, NEIGHBOURS
from synthprof.store.receipts import read_receipts
from synthprof.system.pool import in_turn_or_at_once

Truth = tuple[Matrix, Ids, Matrix]
"""Queries, the ids of their true neighbours, and the similarities."""


def run(context: Context) -> Outcome:
    """`index.faiss` is there; searching it gives profile ids. The receipt tells its kind and recall@10.

    Profiles without an embedding are not in it. Raises SpecError if the kind of index cannot leave one out.
    """
    choice = index_of(context.spec)
    assert choice is not None
    missing = context.blocks.all_missing()
    if choice.kind == "hnsw" and len(missing):  # FAISS takes nothing out of its links again
        raise SpecError(
            f"index=hnsw cannot leave out the {len(missing)} rows without an embedding; "
            "use index=auto, or set max_failed=0 and embed them"
        )
    threads, path = context.budget.workers, context.folder() / INDEX
    with replacing(path) as temporary:
        if lists_in_parts(context.spec):
            built, truth = _laid_out(context, temporary)
        else:
            built, truth = _made(context, choice, temporary)
        effort, found = recall.calibrate(built, *truth, threads)
        index.finish(built, temporary, missing.astype(np.int64))
    prove, seal = partial(_proofs, choice, path), partial(context.sealed, path)
    proofs, record = in_turn_or_at_once(threads, prove, seal)
    details = {"kind": choice.kind, "nlist": choice.nlist, "effort": effort, "reason": choice.reason}
    if proofs is not None:
        details["proofs"] = proofs.as_document()
    scores = {"scores": {"recall_at_10": found}}
    return Outcome(context.spec.profiles, (record,), details | scores)


def _proofs(choice: IndexChoice, path: Path) -> ListProofs | None:
    return proofs_of(path) if choice.nlist else None


def _laid_out(context: Context, path: Path) -> tuple[Any, Truth]:
    """Lay the lists of all parts out in one file; return the index and the neighbours in all of them.

    Raises Damaged if a part is not what its receipt says.
    """
    spec, blocks = context.spec, context.blocks
    receipts = read_receipts(context.folder("fill_index"), spec.blocks)
    sealed = {file.path: file.xxh128 for receipt in receipts for file in receipt.files}
    firsts = [blocks_of(spec, part).start for part in range(parts_of(spec))]
    parts = {path: sealed[path.name] for path in (blocks.path(LISTS, first) for first in firsts)}
    trained, queries = trained_in(context.folder("train_index"))
    list_filling.lay_out(trained, parts, path, context.progress)
    near = (blocks.matrix(NEIGHBOURS, first) for first in firsts)
    found = ((ids.astype(np.int64), similarities) for ids, similarities in near)
    truth = recall.nearest_of_all(found, len(queries), probes.KNOWN)
    return inverted_file.opened(path), (queries, *truth)


def _made(context: Context, choice: IndexChoice, path: Path) -> tuple[Any, Truth]:
    """Build the index of all rows, while true neighbours are looked for: it is mostly one thread's work."""
    queries = queries_of(context)
    scan = _Counted(context.blocks.matrices(EMBEDDINGS))
    with ThreadPoolExecutor(1) as beside:
        threads = context.budget.workers
        searched = beside.submit(recall.exact_neighbours, queries, scan, probes.KNOWN, threads)
        built = _build(context, choice, path)
        while wait([searched], 1.0).not_done:
            context.step(scan.rows, context.spec.profiles, "rows compared with queries")
        return built, (queries, *searched.result())


def _build(context: Context, choice: IndexChoice, path: Path) -> Any:  # noqa: ANN401  FAISS's classes are untyped
    """Build the index of all rows, from the centroids and labels of the clusters where they fit."""
    labels = np.load(context.folder("cluster") / LABELS, allow_pickle=False)
    return index.build(choice, lambda: _told(context), path, labels=labels, **trained_by(context, choice))


def _told(context: Context) -> Iterator[Matrix]:
    """Yield the embeddings block by block; once the next is asked for, the rows before are in the index."""
    rows = 0
    context.progress(0, context.spec.profiles)
    for block in context.blocks.matrices(EMBEDDINGS):
        yield block
        rows += len(block)
        context.progress(rows, context.spec.profiles)


class _Counted:
    """Blocks that know how many rows of them were taken."""

    def __init__(self, blocks: Iterator[Matrix]) -> None:
        self._blocks = blocks
        self.rows = 0

    def __iter__(self) -> Iterator[Matrix]:
        for block in self._blocks:
            yield block
            self.rows += len(block)
