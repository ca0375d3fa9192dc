"""The contract of a target of `synthprof load`; the Python of `make loaders`, with all clients, runs it too.

python tests/support/target_contract.py HOME DATASET URL [METRIC]
"""

import sys
from contextlib import closing
from pathlib import Path

import numpy as np

from synthprof.base.errors import SpecError
from synthprof.delivery.loaders.address import address_of
from synthprof.delivery.loaders.job import load, open_target
from synthprof.delivery.loaders.order import LoadOrder
from synthprof.delivery.loaders.target import Target, bulk_floor
from synthprof.delivery.workloads.conditions import Part
from synthprof.store import loads
from synthprof.store.store import Store
from synthprof.versions.version import Version, open_version

CONDITIONS = [
    Part("idade", ">=", 30),
    Part("usa_microfone", "=", True),
    Part("sexo", "in", ["Feminino", "Masculino"]),
    Part("idiomas", "contains", "Português"),
]


def check(home: Path, dataset: str, url: str, metric: str = "cosine") -> None:
    """Load, load again, lose the checkpoint, read, search, replace: nothing is twice, nothing missing."""
    versions = sorted(path.name for path in Store(home, dataset).versions())
    version = open_version(home, dataset, None)
    order = LoadOrder.from_params({"dataset": dataset, "into": "conn:x", "metric": metric})
    order = order.model_copy(update={"into": url})
    first = load(home, order)
    assert (first.rows, first.written, first.left_out) == (version.rows, version.rows, 0)
    again = load(home, order)
    assert (again.rows, again.written) == (version.rows, 0)
    assert again.compared >= 16
    _check_again(home, order, first.table, version.rows)
    target, source = open_target(order, version)
    with closing(target):
        assert target.count() == version.rows
        assert sorted(row["id"] for row in target.fetch([1, 2, version.rows])) == [1, 2, version.rows]
        assert bulk_floor(target, source.block(0)) > 0
        assert target.count() == version.rows
        check_search(target, version, metric)
    older = order.model_copy(update={"version": next(name for name in versions if name != version.name)})
    _refused(home, older, "holds")
    _refused(home, order.model_copy(update={"space": "vector"}), "name another table|is another one")
    replaced = load(home, older.model_copy(update={"replace": True}))
    assert (replaced.rows, replaced.written) == (version.rows, version.rows)


def _check_again(home: Path, order: LoadOrder, table: str, rows: int) -> None:
    """The checkpoint tells less than the table has, as after a crash between the two."""
    path = loads.place_of(home, order.dataset, address_of(order.into).key(table))
    known = loads.read(path)
    assert known is not None
    loads.write(path, known.model_copy(update={"blocks": 0, "rows": 0, "done": False}))
    again = load(home, order)
    assert (again.rows, again.written) == (rows, rows)


def check_search(target: Target, version: Version, metric: str) -> None:
    """The nearest rows are those of a comparison with all, with the scores of the metric."""
    matrix = version.embeddings(1, version.rows)
    query = matrix[6]
    scores = {
        "cosine": matrix @ query / np.linalg.norm(matrix, axis=1) / np.linalg.norm(query),
        "dot": matrix @ query,
        "l2": ((matrix - query) ** 2).sum(axis=1),
    }[metric]
    _same(target.search(query, 5), scores, np.ones(len(scores), bool), metric)
    table = version.table(columns=["idade", "usa_microfone", "sexo", "idiomas"])
    masks = [
        np.asarray(table["idade"]) >= 30,
        np.asarray(table["usa_microfone"]).astype(bool),
        np.isin(table["sexo"].to_pylist(), ["Feminino", "Masculino"]),
        np.array(["Português" in each for each in table["idiomas"].to_pylist()]),
    ]
    for condition, mask in zip(CONDITIONS, masks, strict=True):
        _same(target.search(query, 5, [condition]), scores, mask, metric)
    _same(target.search(query, 5, CONDITIONS[:2]), scores, masks[0] & masks[1], metric)


def _same(found: list[tuple[int, float]], scores: np.ndarray, mask: np.ndarray, metric: str) -> None:
    """The ids that are found meet the condition, and have the scores of the nearest; rows may be equal."""
    assert found and all(mask[number - 1] for number, _ in found), found
    best = np.sort(scores[mask])[: len(found)] if metric == "l2" else -np.sort(-scores[mask])[: len(found)]
    np.testing.assert_allclose([score for _, score in found], best, rtol=0.02, atol=2e-3)
    np.testing.assert_allclose([scores[number - 1] for number, _ in found], best, rtol=0.02, atol=2e-3)


def _refused(home: Path, order: LoadOrder, *_: str) -> None:
    try:
        load(home, order)
    except SpecError as error:
        assert "?table=NAME" in str(error), error
        return
    raise AssertionError("a table with other rows was taken")


if __name__ == "__main__":
    check(Path(sys.argv[1]), *sys.argv[2:])
    print("held")
