"""Facts that every card of a data set shares, whatever holds its rows."""

from collections.abc import Mapping
from importlib.metadata import version as release_of
from pathlib import Path
from typing import Any

from synthprof.report.cards.model import CC0, COLLECTION, OWN_SCHEMA
from synthprof.schemas.bundle import Bundle
from synthprof.spec.spec import Spec


def shared_facts(spec: Spec, bundle: Bundle) -> dict[str, Any]:
    """Return the arguments of `Card` that follow from the spec, its schema and this release."""
    return {
        "row_word": spec.row_word,
        "schema": "collection" if spec.collection else spec.profile_schema,
        "language": "" if spec.collection else bundle.view.language,
        "licence": COLLECTION if spec.collection else OWN_SCHEMA if spec.schema_digest else CC0,
        "spec": _shown(spec.described()),
        "release": release_of("synthprof"),
    }


def _shown(spec: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters without where a model lies on this machine."""
    model = str(spec.get("model", ""))
    return {**spec, "model": Path(model).name} if model else dict(spec)
