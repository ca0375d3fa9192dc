"""The command `python -m synthprof.schemas [SCHEMA]`, which writes the description of a schema."""

import sys

from synthprof.schemas.describe import describe
from synthprof.schemas.loader import load_schema

sys.stdout.write(describe(load_schema(sys.argv[1] if len(sys.argv) > 1 else "gamer_br")))
