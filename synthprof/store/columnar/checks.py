"""Parts compared with what the spec says of them, by their head or foot alone."""

from pathlib import Path

from synthprof.base.errors import StageError, first_line
from synthprof.base.kinds import check_file
from synthprof.spec.contents import PartKind, ids_of
from synthprof.spec.spec import Spec
from synthprof.store.columnar.matrices import matrix_shape
from synthprof.store.columnar.table import table_ids


def shape_of(spec: Spec, kind: PartKind, part: int) -> tuple[int, int]:
    """Return rows and values of a part of vectors or embeddings."""
    return len(ids_of(spec, part)), spec.dim_vector if kind == "vetores" else spec.dim_embedding


def check_part(path: Path, spec: Spec, kind: PartKind, part: int) -> None:
    """Raise StageError unless a part can be read and holds the rows that it should."""
    ids = ids_of(spec, part)
    try:
        if kind == "perfis":
            rows, low, high = table_ids(check_file(path))
            found, wanted = f"{rows} rows, {low} to {high}", f"{len(ids)} rows, {ids[0]} to {ids[-1]}"
        else:
            found = "{} x {} values".format(*matrix_shape(check_file(path)))
            wanted = "{} x {} values".format(*shape_of(spec, kind, part))
    except (OSError, ValueError, EOFError) as error:
        raise unreadable(path, error) from error
    if found != wanted:
        raise StageError(
            f"{path} should hold {wanted}, but holds {found}; `synthprof repair` makes a version whole, "
            "a run with force makes all anew"
        )


def unreadable(path: Path, error: Exception) -> StageError:
    """Return the error for a part that an error of a library or the disk is about."""
    reason = first_line(error) if path.is_file() else "it is missing"
    return StageError(f"{path} cannot be read: {reason}; `synthprof repair` makes a damaged version whole")
