"""Locales of person names."""

import difflib
import functools
import importlib.util
import re
from pathlib import Path

from synthprof.base.errors import SpecError

DEFAULT_LOCALE = "pt_BR"
"""The locale of a data set that names none: a schema then has the names of its own files."""


@functools.cache
def locales() -> tuple[str, ...]:
    """Return the Faker locales with person names, sorted; read from Faker's folder without importing it."""
    found = importlib.util.find_spec("faker")
    if found is None or not found.submodule_search_locations:
        raise SpecError("the package faker is missing; install the requirements again")
    providers = Path(found.submodule_search_locations[0]) / "providers" / "person"
    names = (path.parent.name for path in providers.glob("*/__init__.py"))
    return tuple(sorted(name for name in names if re.fullmatch(r"[a-z]{2,3}(_[A-Z]{2})?", name)))


def read_locale(text: str) -> str:
    """Return the locale that a text names in another way too: pt-BR, pt_br and PT_BR.UTF-8 are pt_BR.

    Raises SpecError for an unknown one, with names near it.
    """
    known = {name.casefold(): name for name in locales()}
    asked = re.split("[.@]", text.strip().replace("-", "_").casefold())[0]
    if asked in known:
        return known[asked]
    language = asked.partition("_")[0]
    near = [name for each, name in known.items() if language and each.partition("_")[0] == language]
    near += [known[each] for each in difflib.get_close_matches(asked, known, n=3, cutoff=0.6)]
    told = f"near it: {', '.join(dict.fromkeys(near))}" if near else f"there are {', '.join(known.values())}"
    raise SpecError(f"locale={text[:80]!r} is unknown; {told}")
