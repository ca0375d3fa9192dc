"""What a version holds: its files, their makers and tables, and the values that stand for nothing."""

from dataclasses import dataclass

from synthprof.spec.spec import Spec

PERFIS = "perfis.db"
VETORES = "vetores.db"
EMBEDDINGS_DB = "embeddings.db"
CLUSTERS = "clusters.db"
CENTROIDS = "centroids.npy"
INDEX = "index.faiss"
ARCHETYPES_FILE = "archetypes.npy"
OVERVIEW = "overview.json"
MAP = "map.arrow"
REPORT = "report.html"

NO_CLUSTER = -1
"""The cluster of a profile that has no embedding."""

NORM_TOLERANCE = 1e-4
"""An embedding's norm may be off by this: float32 rounding of up to 4,096 values."""


@dataclass(frozen=True)
class File:
    """A published file: the stage that makes it and, of a database, its table and the column after the id."""

    name: str
    stage: str
    table: str = ""
    column: str = ""

    def applies(self, spec: Spec) -> bool:
        """Whether the versions of this spec have it: a collection has no feature vectors."""
        return spec.save_index if self.name == INDEX else not (self.name == VETORES and spec.collection)


FILES = {
    file.name: file
    for file in (
        File(PERFIS, "ingest", "perfis"),
        File(VETORES, "persist_blobs", "vetores", "vetor"),
        File(EMBEDDINGS_DB, "persist_blobs", "embeddings", "embedding"),
        File(CLUSTERS, "cluster", "clusters", "cluster_id"),
        File(CENTROIDS, "cluster"),
        File(INDEX, "export_index"),
    )
}
"""What the stages before publishing make, by name, in the order of the manifest."""


def files_of(spec: Spec) -> tuple[File, ...]:
    """Those of them that the versions of this spec have."""
    return tuple(file for file in FILES.values() if file.applies(spec))


CLUSTER = "cluster"
