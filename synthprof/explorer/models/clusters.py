"""Models of clusters and their typical values."""

from synthprof.explorer.models.model import ApiModel


class Trait(ApiModel):
    """A typical value of a cluster; `lift` is its share in the cluster over its share in all rows."""

    column: str
    value: str
    share: float
    lift: float


class Cluster(ApiModel):
    """A cluster and its typical values."""

    cluster: int
    rows: int
    share: float
    typical: list[Trait]


class Rest(ApiModel):
    """Number and rows of the clusters that are not listed."""

    clusters: int
    rows: int


class Clusters(ApiModel):
    """The 1,000 largest clusters, the largest first, and the number of others."""

    clusters: list[Cluster]
    others: Rest
