"""What a version holds: the names of its files and tables, and the values that stand for nothing."""

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

TABLES = {PERFIS: "perfis", VETORES: "vetores", EMBEDDINGS_DB: "embeddings", CLUSTERS: "clusters"}
"""The table of each database."""

NO_CLUSTER = -1
"""The cluster of a profile that has no embedding."""

NORM_TOLERANCE = 1e-4
"""An embedding's norm may be off by this: float32 rounding of up to 4,096 values."""
