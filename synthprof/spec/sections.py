"""The groups of parameters, in the order in which a form or a page of help shows them."""

from collections.abc import Iterable

OPEN = ("dataset", "source", "profile_schema", "profiles", "seed", "encoder", "clusters", "separation")
"""Parameters without a section: Airflow's form shows these open, and each section folded."""

SECTIONS = {
    "What to read from the source": ("kind", "table", "id_column", "text_column", "image_column", "columns"),
    "Kind of profiles": ("locale", "prose", "topic_sizes", "with_tables"),
    "Vectors and embeddings": ("dim_vector", "dim_embedding", "model"),
    "Hardness of the embeddings for an index": (
        "hardness",
        "hardness_spread",
        "hardness_decay",
        "near_duplicates",
        "near_distance",
    ),
    "Drift between nights, with labels": ("drift", "drift_strength", "drift_night", "drift_nights"),
    "Second records of the same people": ("duplicates", "duplicate_errors"),
    "Pictures of the profiles": ("avatars", "avatar_size", "avatar_copies"),
    "Clustering": ("kmeans_niter", "kmeans_nredo", "use_gpu"),
    "Index and databases": ("save_index", "index", "index_memory_mib", "store", "vacuum"),
    "Embedding service or model (no byte depends on these)": (
        "batch_size",
        "requests_in_flight",
        "request_seconds",
        "patience_seconds",
        "limit",
        "max_failed",
    ),
    "This run (no byte depends on these)": (
        "shards",
        "workers",
        "keep_versions",
        "detailed_logging",
        "force",
    ),
}


def section_of(name: str) -> str | None:
    """Return the section of a parameter, None for one that stands before all sections."""
    return next((section for section, names in SECTIONS.items() if name in names), None)


def in_sections(names: Iterable[str]) -> list[str]:
    """Return the parameters in the order of their sections, those without one first."""
    wanted = list(names)
    every = dict.fromkeys((*OPEN, *(name for names in SECTIONS.values() for name in names), *wanted))
    return [name for name in every if name in wanted]
