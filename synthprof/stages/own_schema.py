"""The schema of the user's that a request names: read once, left in the build, found there by all stages."""

from pathlib import Path

from synthprof.base.files import make_folder, write_text
from synthprof.base.kinds import read_bytes
from synthprof.schemas.bundle import SCHEMA_FILE, Bundle
from synthprof.schemas.loader import schema_names
from synthprof.schemas.own import read_own
from synthprof.spec.request import Request
from synthprof.store.store import Store
from synthprof.system.environment import schemas_folder


def resolve_schema(request: Request, home: Path) -> Request:
    """Return the request with the digest of its schema, whose canonical text is left in the build folder.

    A request for a built-in schema, and one that was completed before, is returned as it is: the folder is
    not looked at again, so that one edited meanwhile changes nothing. Raises SpecError for a name that there
    is not, and for a schema that cannot be used.
    """
    spec = request.spec
    if spec.schema_digest or spec.profile_schema in schema_names():
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
