"""The columns of a data set's rows."""

from synthprof.schemas.loader import collection_schema, load_schema
from synthprof.schemas.schema import Schema
from synthprof.spec.spec import Spec


def schema_of(spec: Spec) -> Schema:
    """Return the schema of a data set's rows: of its profiles, or of the collection that it holds."""
    return collection_schema(spec.columns) if spec.collection else load_schema(spec.profile_schema)
