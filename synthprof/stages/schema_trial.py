"""A schema tried on some rows, so that what a run would refuse is found at once, and what is told of it."""

import importlib
import itertools
from dataclasses import dataclass
from typing import Any

from synthprof.base.errors import SpecError
from synthprof.encoders.catalogue.encoder import CatalogueEncoder
from synthprof.encoders.catalogue.vocabulary import vocabulary_of
from synthprof.profiles.checks import check, check_family
from synthprof.profiles.children import generate_family
from synthprof.profiles.coherence import counted, counts
from synthprof.profiles.drawing import generate
from synthprof.profiles.features import features
from synthprof.report.coherence import Coherence, coherence_of
from synthprof.schemas.bundle import Bundle
from synthprof.schemas.differences import differences
from synthprof.schemas.schema import Schema
from synthprof.spec.spec import Spec

ROWS = 1_000
"""Rows that are drawn to try a schema."""


@dataclass(frozen=True)
class Trial:
    """The result of a trial: columns, archetypes, and the positions of the feature vector that are used.

    coherence: what its rules and margins say of the rows of a block; None where it has none.
    """

    columns: int
    archetypes: int
    features: int
    coherence: Coherence | None = None


def sample(bundle: Bundle, rows: int, seed: int) -> list[dict[str, Any]]:
    """Return the first rows of a data set of that seed, in Python's own types, with their ids."""
    spec = Spec()
    made = generate(bundle.schema, seed, spec.locale, spec.separation, 0, rows).profiles
    return [bundle.schema.as_values(row) for row in made.to_pylist()]


def try_out(bundle: Bundle) -> Trial:
    """Draw some rows and make all of them that a run makes: values, feature vectors, embeddings.

    Raises SpecError for what a run would refuse, and for rows that are not as declared.
    """
    spec, schema = Spec(), bundle.schema
    family = generate_family(schema, spec.seed, spec.locale, spec.separation, 0, ROWS)
    made = family.generated.profiles
    of_tables = (check_family(schema, each, family.tables[each.name], 1, ROWS) for each in schema.tables)
    if faults := (*check(schema, made), *itertools.chain.from_iterable(of_tables)):
        raise SpecError(f"rows are not as declared: {'; '.join(faults)}; correct the columns")
    count = len(schema.feature_names)
    features(schema, made, max(count, 1))
    encoder = CatalogueEncoder(spec.dim_embedding, vocabulary_of(bundle))
    encoder.encode(made)
    encoder.encode_text([""])
    if Bundle.of(bundle.text) != bundle:
        raise SpecError("its canonical text gives another schema; report it with its files")
    return Trial(len(schema.columns), len(schema.archetypes), count, coherence_by(schema))


def coherence_by(schema: Schema) -> Coherence | None:
    """Return what the rules and margins of a schema say of the rows of a whole block; None without any."""
    if not (schema.rules or schema.margins or any(table.rules for table in schema.tables)):
        return None
    spec = Spec()
    family = generate_family(schema, spec.seed, spec.locale, spec.separation, 0)
    found = counts(schema, family.generated.profiles, family.tables)
    return coherence_of(counted(schema, found.tolist()))


def told_apart(one: Bundle, other: Bundle) -> tuple[str, ...]:
    """Return a sentence for each difference between two schemas; none if they are the same."""
    return differences(one, other)


def format_of_files() -> Any:  # noqa: ANN401
    """Return the JSON Schema of a schema's file."""
    return importlib.import_module("synthprof.schemas.format").json_schema()
