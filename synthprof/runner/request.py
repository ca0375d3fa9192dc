"""Requests from parameters as people give them, by command or by keyword."""

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, TypedDict

from synthprof.spec.params import check_names
from synthprof.spec.request import Request, RequestKind, params_schema
from synthprof.spec.spec import Encoder, IndexKind, ProseSize, RowKind, StoreKind


class Keywords(TypedDict, total=False):
    """The parameters as keyword arguments, so that editors and type checkers know them.

    docs/parameters.md says what each means; `spec.py` declares bounds and defaults.
    """

    profile_schema: str
    profiles: int
    seed: int
    locale: str
    separation: float
    topic_sizes: float
    hardness: float
    hardness_spread: float
    hardness_decay: float
    near_duplicates: float
    near_distance: float
    duplicates: float
    duplicate_errors: float
    avatars: bool
    avatar_size: int
    avatar_copies: float
    dim_vector: int
    dim_embedding: int
    encoder: Encoder
    model: str
    clusters: int
    kmeans_niter: int
    kmeans_nredo: int
    use_gpu: bool
    save_index: bool
    index: IndexKind
    index_memory_mib: int
    store: StoreKind
    vacuum: bool
    with_tables: str
    prose: ProseSize
    drift: str
    drift_strength: float
    drift_night: int
    drift_nights: int
    source: str
    kind: RowKind
    table: str
    id_column: str
    text_column: str
    image_column: str
    columns: str
    shards: int
    workers: int
    detailed_logging: bool
    force: bool
    keep_versions: int
    batch_size: int
    requests_in_flight: int
    request_seconds: int
    patience_seconds: int
    limit: int
    max_failed: int


def request_of(given: Mapping[str, Any], kind: RequestKind | None = None) -> Request:
    """Return the request that the parameters ask for; what is not given has its default.

    kind: "generate" or "embed"; unless given, "embed" if there is a source. Raises SpecError for a parameter
    that its kind does not have, or a value out of its bounds.
    """
    schema = params_schema(kind or ("embed" if given.get("source") else "generate"))
    check_names(given, schema)
    return Request.from_params({"dataset": schema["dataset"]["default"], **given, **_model(given)})


def _model(given: Mapping[str, Any]) -> dict[str, str]:
    """Return the model's folder as a path that holds wherever it is read later; a name stays as it is."""
    model = given.get("model")
    if given.get("encoder") == "model" and isinstance(model, str):
        with suppress(OSError, ValueError):
            if Path(model).is_dir():
                return {"model": str(Path(model).absolute())}
    return {}
