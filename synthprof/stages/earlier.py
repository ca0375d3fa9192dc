"""Results of earlier processes for a schema: its odds and its tables, kept between them."""

import functools
from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from synthprof.base.kept import kept
from synthprof.profiles import tables
from synthprof.profiles.margins import raked
from synthprof.profiles.separation import weight_of
from synthprof.profiles.shares import expected_shares
from synthprof.schemas.bundle import Bundle
from synthprof.spec.spec import Spec
from synthprof.store.schemas import schema_of, wishes_of


@functools.lru_cache(maxsize=2)
def take_odds(spec: Spec, bundle: Bundle) -> None:
    """Have the odds that meet the margins, and the shares expected by them, without computing them again."""
    if spec.collection or spec.drift:  # each night has odds of its own
        return
    schema, separation = schema_of(spec, bundle), spec.separation
    weight = weight_of(separation)
    made_of = _made_of(spec, bundle)
    odds, shares = kept("odds", made_of, lambda: (raked(schema, weight), expected_shares(schema, separation)))
    raked.take(odds, schema, weight)
    expected_shares.take(shares, schema, separation)


def take_tables(spec: Spec, bundle: Bundle) -> None:
    """Have the tables that columns are drawn from, as far as no seed decides them, in the same way."""
    if spec.collection or spec.drift:
        return
    schema, separation = schema_of(spec, bundle), spec.separation
    made_of = [*_made_of(spec, bundle), spec.locale]
    found = kept("tables", made_of, lambda: tables.seedless_tables(schema, spec.locale, separation))
    tables.take_tables(found, spec.locale, separation)


def _made_of(spec: Spec, bundle: Bundle) -> Sequence[object]:
    return [bundle.digest, wishes_of(spec), spec.separation, np.__version__, pa.__version__]
