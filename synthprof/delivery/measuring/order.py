"""The order of a measurement: the parameters of the command, the DAG and the API. Light."""

import functools
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from synthprof.base.errors import SpecError
from synthprof.delivery.loaders.address import check_no_password
from synthprof.spec.params import ParamModel, Schemas, check_names, check_value, in_words, schemas_of
from synthprof.spec.request import DatasetName
from synthprof.spec.written import read_value
from synthprof.store.pointer import VERSION_PATTERN

KEY = in_words("12 of 0-9 and a-f, or nothing", f"^({VERSION_PATTERN})?$")

COUNTS = in_words("numbers joined by commas", r"^ *[1-9][0-9]{0,3}( *, *[1-9][0-9]{0,3})* *$(?!\n)")


class MeasureOrder(ParamModel):
    """The target to measure, on which workload, and how hard.

    >>> MeasureOrder(target="faiss:flat", clients="1, 4").client_counts
    (1, 4)
    """

    dataset: DatasetName = "gamers"
    version: Annotated[
        str, Field(pattern=KEY, description="Name of the version; the current one unless given.")
    ] = ""
    target: Annotated[
        str,
        Field(
            description="The URL that `synthprof load` filled, or an index that is built here: faiss:flat, "
            "faiss:ivf, faiss:hnsw, hnswlib or usearch.",
        ),
    ] = "faiss:flat"
    columns: Annotated[
        str,
        Field(description="The columns that `synthprof load` was given, where it was given any."),
    ] = ""
    workload: Annotated[
        str,
        Field(pattern=KEY, description="Key of the workload; needed where the version has several."),
    ] = ""
    metric: Annotated[Literal["cosine", "dot", "l2"], Field(description="Measure of nearness.")] = "cosine"
    k: Annotated[int, Field(ge=1, le=100, description="Neighbours to ask for.")] = 10
    clients: Annotated[
        str, Field(pattern=COUNTS, description="Numbers of clients that search at once, joined by commas.")
    ] = "1,2,4"
    seconds: Annotated[
        int, Field(ge=1, le=3_600, description="Seconds to search for each point that is measured.")
    ] = 3
    warm_up: Annotated[
        int, Field(ge=0, le=100_000, description="Searches of each client before the clock starts.")
    ] = 50
    filters: Annotated[
        str,
        Field(
            pattern=in_words("names joined by commas, all or none", r"^[^\x00-\x1f\x7f]{0,1000}$(?!\n)"),
            description="Filters to search under: names joined by commas, all or none.",
        ),
    ] = "none"

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> "MeasureOrder":
        """Return the order for flat parameters; what is not given, or None, has its default.

        Raises SpecError that names the value, the rule and the remedy, also for a URL with a password: what
        comes this way is seen in lists of processes and in logs.
        """
        given = {name: value for name, value in params.items() if value is not None}
        schema = measure_schema()
        check_names(given, schema)
        values = {name: read_value(name, value, schema[name]) for name, value in given.items()}
        for name, value in values.items():
            check_value(name, value, schema[name])
        order = cls(**values)
        check_no_password(order.target)
        return order

    @property
    def client_counts(self) -> tuple[int, ...]:
        """The numbers of clients, ascending, each once."""
        return tuple(sorted({int(part) for part in self.clients.split(",")}))

    def chosen(self, names: list[str]) -> list[int]:
        """Return the numbers of the filters to search under; the first of the names is that of no filter.

        Raises SpecError for a name that is not among them.
        """
        if self.filters.strip() in ("none", ""):
            return [0]
        if self.filters.strip() == "all":
            return list(range(len(names)))
        wanted = [part.strip() for part in self.filters.split(",")]
        for name in wanted:
            if name not in names:
                raise SpecError(f"filters={name[:80]!r}: there are only {', '.join(names)}")
        return [names.index(name) for name in wanted]


@functools.cache
def measure_schema() -> Schemas:
    """Return the JSON Schema of each parameter by name, in the order of forms and help."""
    return schemas_of(MeasureOrder)
