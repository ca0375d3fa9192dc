"""The command `python -m synthprof.schemas.format FOLDER`, which writes the reference and the JSON Schema."""

import json
import sys
from pathlib import Path

from synthprof.schemas.format.json_schema import json_schema
from synthprof.schemas.format.reference import reference

folder = Path(sys.argv[1])
(folder / "schema-format.md").write_text(reference(), encoding="utf-8")
(folder / "schema-format.json").write_text(json.dumps(json_schema(), indent=2) + "\n", encoding="utf-8")
