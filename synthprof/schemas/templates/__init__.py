"""Templates of schemas, each a folder of files beside this module, for `synthprof schema new`."""

from pathlib import Path

from synthprof.base.errors import SpecError

_FOLDER = Path(__file__).parent


def template_names() -> tuple[str, ...]:
    """Return the names of the templates, in alphabetical order."""
    return tuple(sorted({path.parent.name for path in _FOLDER.glob("*/*.toml")}))


def template_folder(name: str) -> Path:
    """Return the folder of a template's files. Raises SpecError for an unknown name."""
    if name not in template_names():
        raise SpecError(f"there is no template {name[:80]!r}; there are {', '.join(template_names())}")
    return _FOLDER / name
