"""Facts from the files of a workload about its queries and filters, for all that show it."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from synthprof.base.kinds import check_file
from synthprof.versions.derived import CLASSES

QUERIES_FILE, FILTERS_FILE = "queries.parquet", "filters.parquet"


def classes_of(queries: pa.Table) -> dict[str, dict[str, Any]]:
    """Return of each class the number of its `queries` and their mean `hardness`, in the order of classes.

    queries: their columns `class` and `hardness`. hardness: None where no query of the class has one.
    """
    names = queries.column("class").cast(pa.string())
    found = {name: queries.filter(pc.equal(names, name)).column("hardness") for name in CLASSES}
    return {
        name: {"queries": len(values), "hardness": pc.mean(values).as_py()}
        for name, values in found.items()
        if len(values)
    }


def read_classes(folder: Path) -> dict[str, dict[str, Any]]:
    """Return the classes of a workload in its folder. Raises OSError or ArrowException for a damaged file."""
    return classes_of(pq.read_table(check_file(folder / QUERIES_FILE), columns=["class", "hardness"]))


def read_filters(folder: Path) -> list[dict[str, Any]]:
    """Return the filters of a workload in its folder but the first, no filter. Raises as `read_classes`."""
    rows: list[dict[str, Any]] = pq.read_table(check_file(folder / FILTERS_FILE)).to_pylist()
    return rows[1:]
