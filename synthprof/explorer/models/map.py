"""Models of the map of points."""

from typing import Literal

from pydantic import Field

from synthprof.explorer.models.model import ApiModel


class Tint(ApiModel):
    """A colour, as #rrggbb, on a light page and on a dark page."""

    light: str
    dark: str


class MapOfPoints(ApiModel):
    """Points on a plane; `values` are indices into `categories`, or numbers if that is null.

    colours: one for each category or, from the least number to the greatest, one for each of equal steps.
    """

    colour: str
    kind: Literal["category", "number"]
    categories: list[str] | None
    ordered: bool = Field(description="Whether the categories are bands in their order, then what has none.")
    ids: list[int]
    x: list[float]
    y: list[float]
    values: list[int]
    colours: list[Tint]
