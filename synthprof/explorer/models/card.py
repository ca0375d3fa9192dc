"""Models of one profile and its rows in child tables."""

from typing import Any

from synthprof.explorer.models.model import ApiModel


class Card(ApiModel):
    """One profile: every column, and its cluster."""

    profile: dict[str, Any]


class Children(ApiModel):
    """Rows that a profile has in a child table, by their number `n`; `total` counts all of them."""

    table: str
    total: int
    rows: list[dict[str, Any]]
