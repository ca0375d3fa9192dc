"""Locales of person names."""

import functools
import importlib.util
import re
from pathlib import Path

from synthprof.base.errors import SpecError


@functools.cache
def locales() -> tuple[str, ...]:
    """Return the Faker locales with person names, sorted; read from Faker's folder without importing it."""
    found = importlib.util.find_spec("faker")
    if found is None or not found.submodule_search_locations:
        raise SpecError("the package faker is missing; install the requirements again")
    providers = Path(found.submodule_search_locations[0]) / "providers" / "person"
    names = (path.parent.name for path in providers.glob("*/__init__.py"))
    return tuple(sorted(name for name in names if re.fullmatch(r"[a-z]{2,3}(_[A-Z]{2})?", name)))
