"""Schemas by name, as requests, forms and people name them: built in, or below SYNTHPROF_SCHEMAS."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from synthprof.base.errors import SpecError, StageError
from synthprof.base.files import make_folder, write_text
from synthprof.base.kinds import read_bytes, read_text
from synthprof.base.names import NAME_PATTERN
from synthprof.schemas.bundle import SCHEMA_FILE, Bundle
from synthprof.schemas.loader import load_bundle, schema_names
from synthprof.schemas.own import MARKS, check_name, own_folder, own_names, problems, read_own
from synthprof.schemas.templates import template_folder
from synthprof.system.environment import schemas_folder

if TYPE_CHECKING:
    from synthprof.spec.request import Request
    from synthprof.spec.spec import Spec
    from synthprof.store.store import Store


def resolve_schema(request: Request, home: Path) -> Request:
    """Return the request with the digest of its schema, whose canonical text is left in the build folder.

    A request for a built-in schema, and one that was completed before, is returned as it is: the folder is
    not looked at again, so that one edited meanwhile changes nothing. Raises SpecError for a name that there
    is not, and for a schema that cannot be used.
    """
    from synthprof.store.store import Store

    spec = request.spec
    if spec.schema_digest or is_built_in(spec.profile_schema):
        return request
    bundle = read_own(schemas_folder(), spec.profile_schema)
    spec = spec.model_copy(update={"schema_digest": bundle.digest})
    keep_schema(Store(home, request.dataset).build(spec).folder, bundle)
    return request.model_copy(update={"spec": spec})


def keep_schema(build: Path, bundle: Bundle) -> None:
    """Leave the canonical text in a build folder, unless it lies there."""
    path = build / SCHEMA_FILE
    if not path.is_file() or read_bytes(path) != bundle.text.encode():
        make_folder(build)
        write_text(path, bundle.text)


def restored_schema(store: Store, version: str, spec: Spec) -> Bundle:
    """Return the schema of a version, and give it back to a build that has lost it.

    Raises StageError if the version has lost it, too.
    """
    from synthprof.store.schemas import bundle_of

    build = store.build(spec)
    try:
        return build.bundle
    except StageError:
        found = bundle_of(spec, store.published(version))
    keep_schema(build.folder, found)
    return found


def is_built_in(name: str) -> bool:
    """Return whether a schema of this name is built in."""
    return name in schema_names()


def places() -> dict[str, Path | None]:
    """Return the schemas that there are by name, those built in first, each of the user's with its folder.

    One that cannot be used is among them: whoever names it is told what is wrong.
    """
    root = schemas_folder()
    return dict.fromkeys(schema_names()) | {name: root / name for name in own_names(root)}


def wrong_ones() -> tuple[str, ...]:
    """Read all schemas of the user's; return a sentence for each that cannot be used."""
    return problems(schemas_folder())


def check_there(name: str) -> None:
    """Raise SpecError unless there is a schema of this name; it is not read."""
    if not is_built_in(name):
        own_folder(schemas_folder(), name)


def bundle_named(which: str) -> Bundle:
    """Return the schema of a name, in a folder, or in the `schema.json` of a version.

    Raises SpecError that names file, value, rule and remedy.
    """
    if is_built_in(which):
        return load_bundle(which)
    path = Path(which)
    if re.match(NAME_PATTERN, which) and not any((path / mark).is_file() for mark in MARKS):
        return read_own(schemas_folder(), which)
    if path.name == SCHEMA_FILE and path.is_file():
        return Bundle.of(read_text(path))
    if not path.is_dir():
        remedy = "`synthprof schema list` lists those that there are"
        raise SpecError(f"{which!r} is neither a schema nor its folder; {remedy}")
    from synthprof.schemas.reading import read_bundle  # with all models of a schema's file

    return read_bundle(path.absolute())


def new_schema(name: str, template: str) -> Path:
    """Make a schema from a template; return its folder. Raises SpecError for a name that is taken or none."""
    check_name(name)
    if is_built_in(name):
        raise SpecError(f"{name!r} is the name of a built-in schema; choose another name")
    folder, source = schemas_folder() / name, template_folder(template)
    if os.path.lexists(folder):
        raise SpecError(f"{folder} is there already; choose another name, or edit what is there")
    shutil.copytree(source, folder)
    return folder
