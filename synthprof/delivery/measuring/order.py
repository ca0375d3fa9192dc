"""The order of a measurement: the parameters of the command, the DAG and the API. Light."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field

from synthprof.base.errors import SpecError
from synthprof.delivery.loaders.address import check_no_password
from synthprof.delivery.order import KEY, ColumnsOrder, Metric
from synthprof.spec.params import in_words

COUNTS = in_words("numbers joined by commas", r"^ *[1-9][0-9]{0,3}( *, *[1-9][0-9]{0,3})* *$(?!\n)")


class MeasureOrder(ColumnsOrder):
    """The target to measure, on which workload, and how hard.

    >>> MeasureOrder(target="faiss:flat", clients="1, 4").client_counts
    (1, 4)
    """

    target: Annotated[
        str,
        Field(
            description="The URL that `synthprof load` filled, or an index that is built here: faiss:flat, "
            "faiss:ivf, faiss:hnsw, hnswlib or usearch.",
        ),
    ] = "faiss:flat"
    columns: Annotated[
        str,
        Field(
            description="Columns that `synthprof load` was given, if it was given any in another data root."
        ),
    ] = ""
    workload: Annotated[
        str,
        Field(pattern=KEY, description="Key of the workload; needed where the version has several."),
    ] = ""
    metric: Annotated[Metric, Field(description="Measure of nearness.")] = "cosine"
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
    def check(cls, given: Mapping[str, Any]) -> None:
        """Raise SpecError also for a URL with a password: it is seen in lists of processes and in logs."""
        super().check(given)
        check_no_password(str(given.get("target", "")))

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
