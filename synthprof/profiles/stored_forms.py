"""The stored forms of drawn values: what SQLite holds, made a column at a time.

`base.values.stored` says the same of one value; a test compares both.
"""

import pyarrow as pa
import pyarrow.compute as pc

from synthprof.base.column_kinds import Kind
from synthprof.profiles.iso_texts import iso_seconds


def stored_form(kind: Kind, values: pa.Array) -> pa.Array:
    """Return the stored form of values of a kind, (n,): int64 for bool and integer, double, or string."""
    match kind.name:
        case "bool":
            return values.cast(pa.int64())
        case "date":
            return values.cast(pa.string())
        case "integer" | "float" | "text":
            return values
        case "timestamp" if not kind.digits:
            return iso_seconds(values)
        case "date" | "time":
            return values.cast(pa.string())
        case "timestamp" | "timestamptz":  # Arrow puts a space where ISO 8601 has T
            return pc.binary_replace_slice(values.cast(pa.string()), 10, 11, "T")
    raise TypeError(f"{kind} is not drawn")


def own_form(kind: Kind, stored: pa.Array) -> pa.Array:
    """Return stored forms of a kind as values in their own type, (n,), as expressions read them."""
    match kind.name:
        case "bool":
            return pc.not_equal(stored, 0)
        case "date":
            return stored.cast(pa.date32())
        case "timestamp" | "timestamptz":
            return pc.utf8_slice_codeunits(stored, 0, 10).cast(pa.date32())  # it counts as its day
        case "decimal":
            return stored.cast(pa.float64())
        case "unsigned":
            return stored.cast(pa.uint64())
    return stored
