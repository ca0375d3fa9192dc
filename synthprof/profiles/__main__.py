"""`python -m synthprof.profiles [SCHEMA]` writes the description of a schema, as in docs/schema.md."""

import sys

from synthprof.profiles import load_schema
from synthprof.profiles.describe import describe

sys.stdout.write(describe(load_schema(sys.argv[1] if len(sys.argv) > 1 else "gamer_br")))
