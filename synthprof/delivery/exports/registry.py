"""The formats by name, each loaded when it is asked for."""

import importlib

from synthprof.base.errors import SpecError
from synthprof.base.extras import check_installed
from synthprof.delivery.exports.format import Format

MODULES = {
    "jsonl": "jsonl",
}
"""The module of each format, in the order in which help lists them."""


def find(name: str) -> Format:
    """Return the format of a name. Raises SpecError for an unknown one, or if its packages are missing."""
    if name not in MODULES:
        raise SpecError(f"there is no format {name[:80]!r}; there are: {', '.join(MODULES)}")
    found: Format = importlib.import_module(f"synthprof.delivery.exports.{MODULES[name]}").FORMAT
    if found.packages:
        check_installed(found.extra, *found.packages)
    return found
