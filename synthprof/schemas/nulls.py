"""Values that a column lacks: the share of rows without one, which other columns may decide."""

import datetime
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from synthprof.base.errors import SpecError

MISSING = "null"
"""The key of the share where the other column lacks its own value."""

Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]


class Nulls(BaseModel):
    """The share of rows in which a column has no value.

    The first column of `given` that names the row's value decides; else it is `share`. A category, flag, bool
    or text is named by its value. A number, date or time is named by the lowest of a band, which reaches to
    the next one. The key `null` names the rows in which that column lacks its own value.

    >>> Nulls.model_validate(0.02).share
    0.02
    """

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    share: Annotated[Share, Field(description="The share of all rows that nothing else decides.")] = 0.0
    given: Annotated[
        Mapping[str, Mapping[str, Share]],
        Field(description="By another column, or by the hidden value itself: the share for each value."),
    ] = {}

    @model_validator(mode="before")
    @classmethod
    def _of_number(cls, value: Any) -> Any:  # noqa: ANN401
        return {"share": value} if isinstance(value, int | float) and not isinstance(value, bool) else value

    def __hash__(self) -> int:
        return hash((self.share, self.columns))

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns whose values decide."""
        return tuple(self.given)

    @property
    def lacking(self) -> tuple[str, ...]:
        """The columns whose own missing values decide."""
        return tuple(name for name, shares in self.given.items() if MISSING in shares)


def check_keys(name: str, of: str, keys: Sequence[str], values: Sequence[str], kind: str) -> None:
    """Raise SpecError for keys of `nulls.given` that the column `of` of that kind cannot have.

    values: those of a category or flag, in which keys must be.
    """
    keys = [key for key in keys if key != MISSING]
    if values:
        if unknown := [key for key in keys if key not in values]:
            raise SpecError(
                f"{name}: nulls given {of} name {unknown[0]!r}, which is none of its values; "
                f"known are {', '.join(values[:30])}, {MISSING}"
            )
        return
    if kind in ("list", "struct", "binary"):
        if keys:
            raise SpecError(f"{name}: nulls given {of}, which is a {kind}; only {MISSING} can be named of it")
        return
    if kind == "bool" and (unknown := [key for key in keys if key not in ("true", "false")]):
        raise SpecError(f"{name}: nulls given {of} name {unknown[0]!r}; write true, false or {MISSING}")
    try:
        found = [_READ[kind](key) for key in keys] if kind in _READ else []
    except (ValueError, TypeError):
        raise SpecError(
            f"{name}: nulls given {of} have keys that are no {kind}: {', '.join(keys)}; "
            "write the lowest of each band"
        ) from None
    if found != sorted(set(found)):
        raise SpecError(f"{name}: nulls given {of} are not ascending: {', '.join(keys)}; sort the bands")


_READ: dict[str, Any] = {
    "integer": int,
    "float": float,
    "date": datetime.date.fromisoformat,
    "timestamp": datetime.datetime.fromisoformat,
}
"""The functions that read the key of a band; keys of other kinds are texts, compared whole."""
