"""The schema of a data set's rows, as its build and its versions have it: no folder of schemas is read."""

import functools
import json
from pathlib import Path
from typing import Any

from synthprof.base.errors import SpecError, StageError
from synthprof.base.kept import kept
from synthprof.base.kinds import read_text
from synthprof.schemas.bundle import SCHEMA_FILE, Bundle, text_digest
from synthprof.schemas.loader import collection_schema, load_bundle
from synthprof.schemas.schema import Schema
from synthprof.schemas.wishes import Wishes, wished
from synthprof.spec.drift_labels import Labels
from synthprof.spec.spec import Spec


def bundle_of(spec: Spec, folder: Path) -> Bundle:
    """Return the schema of a spec: a built-in one, or the one in the folder of a build or version.

    Raises StageError if that is missing or was changed, or if another release wrote it.
    """
    return bundle_at(folder, spec.profile_schema, spec.schema_digest)


def bundle_at(folder: Path, name: str, digest: str) -> Bundle:
    """Return the built-in schema of this name or, if there is a digest, the one in the folder."""
    return _kept(folder / SCHEMA_FILE, digest) if digest else load_bundle(name)


def schema_of(spec: Spec, bundle: Bundle) -> Schema:
    """Return the columns of a data set's rows: of its profiles, or of the collection that it holds.

    With the child tables to make, the sizes of archetypes, texts of the wanted size, second records, and the
    drift of its night. Raises SpecError for a child table, or errors of second records, that the schema does
    not declare, or a column that cannot drift.
    """
    if spec.collection:
        return collection_schema(spec.columns)
    if not spec.drift:
        return _declared(spec, bundle)
    from synthprof.profiles.drift.nights import drifted  # which sums over all odds

    return drifted(_declared(spec, bundle), spec.separation, spec.drifts, bundle.schema)


def drift_of(spec: Spec, bundle: Bundle) -> Labels | None:
    """Return the labels of the drift that a spec names: what drifted in its night, and how far.

    None for a spec without drift. Raises SpecError for a column that cannot drift.
    """
    if not spec.drift:
        return None
    from synthprof.profiles.drift.labels import labels_of
    from synthprof.profiles.drift.nights import night_of

    night = night_of(_declared(spec, bundle), spec.separation, spec.drifts, bundle.schema)
    return labels_of(night, spec.separation, spec.drift_night, spec.drift_degrees)


@functools.lru_cache(maxsize=4)
def drift_document(spec: Spec, bundle: Bundle) -> dict[str, Any]:
    """Return the labels of `drift_of` as JSON has them; empty for a spec without drift."""
    labels = drift_of(spec, bundle)
    return json.loads(json.dumps(labels.as_document())) if labels else {}


def wishes_of(spec: Spec) -> Wishes:
    """Return what a spec asks of a schema."""
    return Wishes(**{name: getattr(spec, name) for name in Wishes._fields})


def _declared(spec: Spec, bundle: Bundle) -> Schema:
    return wished(bundle, wishes_of(spec))


@functools.lru_cache(maxsize=256)
def _kept(path: Path, digest: str) -> Bundle:
    try:
        text = read_text(path)
    except (OSError, ValueError) as error:
        raise StageError(f"{path} cannot be read ({error}); {_REMEDY}") from error
    if text_digest(text) != digest:
        raise StageError(f"{path} was changed since it was written; {_REMEDY}")
    try:
        return _made(text)
    except SpecError as error:
        raise StageError(f"{path}: {error}") from error


@functools.lru_cache(maxsize=16)
def _made(text: str) -> Bundle:
    """Return the bundle of a text: many versions share one, and with it all that is made of it."""
    return kept("schema", text_digest(text), lambda: Bundle.of(text))


_REMEDY = "make it whole with `synthprof repair` or, in a build, with `synthprof run`"
