"""No code outside a schema's folder names a column of a built-in schema: schemas are data."""

import re
from pathlib import Path

import pytest

from synthprof.schemas.loader import KEY, TEXT, load_bundle, schema_names
from synthprof.schemas.schema import Schema

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "synthprof"

ORDINARY = frozenset({
    "about", "active", "address", "age", "amount", "brand", "category", "channel", "city", "code",
    "color", "colour", "condition", "country", "cp", "currency", "date", "department", "description",
    "device", "diagnosis", "doctor", "email", "gender", "height", "icd", "income", "insurance", "kind",
    "language", "lat", "latitude", "lon", "longitude", "name", "note", "notes", "payment", "phone",
    "plan", "price", "product", "quantity", "rating", "region", "sex", "size", "smoker", "spend",
    "state", "status", "street", "text", "time", "title", "total", "unit", "value", "visits", "ward",
    "weight", "zip",
})  # fmt: skip
"""Words that code uses of its own accord, `cp` as a verb: a schema may have a column of the same name."""

OWN = {"schemas/loader.py": {KEY, TEXT}, "spec/spec.py": {"cidade"}}
"""Columns of a collection: those that the product itself names, and an example of a source's own, which
stands in the reports of all versions so far."""

FILES = [
    path
    for folder in (PACKAGE, ROOT / "dags", ROOT / "plugins")
    for kind in ("py", "js", "html")
    for path in sorted(folder.rglob(f"*.{kind}"))
    if not any(PACKAGE / "schemas" / name in path.parents for name in schema_names())
]


def columns_of(schema: Schema) -> set[str]:
    """The columns of a schema and of its child tables."""
    children = (column for table in getattr(schema, "tables", ()) for column in table.columns)
    return {column.name for column in (*schema.columns, *children)}


NAMES = set().union(*(columns_of(load_bundle(name).schema) for name in schema_names())) - ORDINARY
WORDS = re.compile(rf"(?<!\w)({'|'.join(map(re.escape, sorted(NAMES)))})(?!\w)")


def test_the_names_are_those_of_all_built_in_schemas() -> None:
    assert len(NAMES) >= 19 and {path.suffix for path in FILES} == {".py", ".js", ".html"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_code_names_no_column_of_a_schema(path: Path) -> None:
    own = OWN.get(str(path.relative_to(PACKAGE)) if PACKAGE in path.parents else "", set())
    found = set(WORDS.findall(path.read_text(encoding="utf-8"))) - own
    assert not found, "a schema's columns are data; take them from the schema, or write a neutral example"
