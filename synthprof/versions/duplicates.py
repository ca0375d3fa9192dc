"""The second records of a published version: whose they are, and what went wrong in them."""

from pathlib import Path

import pyarrow as pa

from synthprof.base.errors import StageError
from synthprof.base.kinds import check_file
from synthprof.profiles.second_records.truth import TRUTH
from synthprof.spec.contents import DUPLICATES_FILE
from synthprof.versions.published import Published


def duplicates(version: Published) -> pa.Table:
    """Return the truth on the second records of a version, by id. Raises as `read_duplicates`."""
    if not version.manifest.duplicates:
        return TRUTH.empty_table()
    return read_duplicates(version.folder / DUPLICATES_FILE)


def read_duplicates(path: Path) -> pa.Table:
    """Return the truth on second records: `id`, `original_id`, `errors` and `columns`.

    Raises StageError if the file cannot be read, or holds other columns.
    """
    try:
        with pa.OSFile(str(check_file(path))) as file, pa.ipc.open_file(file) as reader:
            found = reader.read_all()
            found.validate(full=True)
    except (OSError, pa.ArrowInvalid) as error:
        raise StageError(f"{path} cannot be read ({error}); make it whole with `synthprof repair`") from error
    if found.schema != TRUTH:
        raise StageError(f"{path} has other columns than {', '.join(TRUTH.names)}; repair the version")
    return found
