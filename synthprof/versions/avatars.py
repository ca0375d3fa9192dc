"""The truth about the avatars of a published version: what each shows, and which are changed copies."""

import pyarrow as pa

from synthprof.base.errors import SpecError, StageError
from synthprof.base.kinds import check_file
from synthprof.profiles.avatars.block import TRUTH
from synthprof.spec.contents import AVATAR_TRUTH_FILE
from synthprof.versions.published import Published


def avatar_truth(version: Published) -> pa.Table:
    """Return a row for each picture: `picture`, `id`, `copy_of`, `change` and `caption`.

    Raises SpecError for a version without avatars, StageError if the file cannot be read, or is another one.
    """
    manifest, path = version.manifest, version.folder / AVATAR_TRUTH_FILE
    if not version.spec.avatars:
        raise SpecError(
            f"version {manifest.version} of {manifest.dataset!r} has no avatars; make it with --avatars"
        )
    try:
        with pa.OSFile(str(check_file(path))) as file, pa.ipc.open_file(file) as reader:
            found = reader.read_all()
    except (OSError, pa.ArrowInvalid) as error:
        raise StageError(f"{path} cannot be read ({error}); make it whole with `synthprof repair`") from error
    if found.schema != TRUTH:
        raise StageError(f"{path} has other columns than {', '.join(TRUTH.names)}; repair the version")
    return found
