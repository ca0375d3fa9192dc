"""The command `python -m synthprof.schemas FOLDER`, which writes a page of each built-in schema."""

import sys
from pathlib import Path

from synthprof.schemas.describe import describe, page_name
from synthprof.schemas.loader import load_schema, schema_names

for name in schema_names():
    Path(sys.argv[1], page_name(name)).write_text(describe(load_schema(name)), encoding="utf-8")
