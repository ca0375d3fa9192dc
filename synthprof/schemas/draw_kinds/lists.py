"""Lists of a vocabulary's items."""

import math
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from synthprof.base.column_kinds import Kind
from synthprof.base.errors import SpecError
from synthprof.schemas.draw_kinds.model import DrawModel, Files
from synthprof.schemas.draw_kinds.places import numbers_of

MAX_ITEMS = 1_000
"""Items of one list."""

MAX_WORDS = 100_000
"""Items of a vocabulary."""

Weight = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Sizes(BaseModel):
    """A distribution of the number of items: from `fewest` to `most`, with the mean before it is cut there.

    >>> Sizes(distribution="uniform", most=3).weights
    (1.0, 1.0, 1.0)
    """

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    distribution: Annotated[
        Literal["uniform", "poisson", "geometric"], Field(description="The distribution of `items - fewest`.")
    ]
    most: Annotated[int, Field(ge=0, le=MAX_ITEMS, description="Most items of a list.")]
    fewest: Annotated[int, Field(ge=0, le=MAX_ITEMS, description="Fewest items of a list.")] = 1
    mean: Annotated[
        float | None,
        Field(gt=0, le=MAX_ITEMS, description="The mean of a Poisson or geometric distribution."),
    ] = None

    @model_validator(mode="after")
    def _fitting(self) -> Self:
        if self.most < self.fewest:
            raise ValueError(f"most={self.most} is below fewest={self.fewest}; swap them")
        if (self.mean is None) != (self.distribution == "uniform"):
            raise ValueError(
                f"a {self.distribution} distribution has {_MEAN[self.distribution]} mean; correct it"
            )
        if self.mean is not None and self.mean <= self.fewest:
            raise ValueError(f"mean={self.mean:g} is not above fewest={self.fewest}; raise it")
        return self

    @property
    def weights(self) -> tuple[float, ...]:
        """The weight of each number of items from `fewest` on, by products alone; the largest is 1."""
        found = [1.0]
        over = 0.0 if self.mean is None else self.mean - self.fewest
        for more in range(1, self.most - self.fewest + 1):
            match self.distribution:
                case "uniform":
                    factor = 1.0
                case "poisson":
                    factor = over / more
                case "geometric":
                    factor = over / (1 + over)
            found.append(found[-1] * factor)
            if found[-1] > 1e200:  # the first ones count nothing beside it
                found = [each * 1e-200 for each in found]
        return tuple(found)


_MEAN = {"uniform": "no", "poisson": "a", "geometric": "a"}


class Listed(DrawModel):
    """A list of items of a vocabulary, by weight; their number is drawn first.

    >>> Listed(items={"red": 2, "blue": 1}, sizes=(3, 1)).kind.items.name
    'text'
    """

    draw: Literal["list"] = "list"
    items: Annotated[
        Mapping[str, Weight], Field(max_length=MAX_WORDS, description="The items and their weights.")
    ] = {}
    file: Annotated[str | None, Field(description="The CSV or Parquet file of the items.")] = None
    value: Annotated[str | None, Field(description="The file's column of items; else its first.")] = None
    weights: Annotated[str | None, Field(description="The file's column of weights; else all are alike.")] = (
        None
    )
    sizes: Annotated[
        tuple[Weight, ...] | Sizes,
        Field(description="The weight of each number of items from `fewest` on, or a distribution."),
    ]
    fewest: Annotated[int, Field(ge=0, le=MAX_ITEMS, description="Fewest items, for sizes by weight.")] = 1
    unique: Annotated[bool, Field(description="Whether an item stands in a list only once.")] = True
    type: Annotated[Literal["text", "integer", "float"], Field(description="The type of the items.")] = "text"

    @property
    def kind(self) -> Kind:
        """A list of the declared type."""
        return Kind("list", items=Kind(self.type))

    @property
    def ends(self) -> tuple[Any, Any]:
        """The fewest and the most items."""
        return self.counts[0], self.counts[-1]

    @property
    def known(self) -> tuple[str, ...]:
        """The vocabulary."""
        return tuple(self.items)

    @property
    def told(self) -> str:
        """The counts of items."""
        low, high = self.counts[0], self.counts[-1]
        return f"{low} to {high} of {len(self.items)} items"

    @property
    def counts(self) -> range:
        """The numbers of items that a list can have, one for each of `size_weights`."""
        fewest = self.sizes.fewest if isinstance(self.sizes, Sizes) else self.fewest
        return range(fewest, fewest + len(self.size_weights))

    @property
    def size_weights(self) -> tuple[float, ...]:
        """The weight of each number of items."""
        return self.sizes.weights if isinstance(self.sizes, Sizes) else self.sizes

    def with_files(self, files: Files) -> Self:
        """Return the draw with the items of its file. Raises SpecError if they do not fit."""
        if self.file is None:
            return self
        rows = files.rows(self.file)
        try:
            value = self.value or next(iter(rows[0]))
            items = {str(row[value]): float(row[self.weights]) if self.weights else 1.0 for row in rows}
            if len(items) < len(rows):
                raise ValueError(f"{value} has {len(rows) - len(items)} items twice; leave one of each")
            rest = self.model_dump(exclude={"file", "value", "weights"})
            return type(self).model_validate({**rest, "items": items})
        except ValidationError as error:
            raise SpecError(f"{self.file}: {error.errors()[0]['msg']}; correct it") from None
        except (KeyError, IndexError, ValueError, StopIteration) as error:
            raise SpecError(f"{self.file}: {error!s} does not give items; correct it") from None

    @model_validator(mode="after")
    def _fitting(self) -> Self:
        weights = self.size_weights
        if not any(weights) or len(weights) > MAX_ITEMS:
            raise ValueError(f"sizes must be 1 to {MAX_ITEMS} weights, not all 0")
        if not self.items:
            if self.file is None:
                raise ValueError("a list needs items, or a file of them; name one")
            return self
        there = sum(weight > 0 for weight in self.items.values())
        most = self.counts[-1]
        if not there or not math.isfinite(math.fsum(self.items.values())):
            raise ValueError("items need weights that are not all 0, and whose sum 64 bits hold")
        if self.unique and most > there:
            raise ValueError(
                f"{most} different items of {there} with a weight; give fewer sizes, or unique = false"
            )
        numbers_of(self.type, list(self.items))
        return self

    def __hash__(self) -> int:
        return hash((tuple(self.items.items()), self.sizes, self.fewest, self.unique, self.type))


KINDS = (Listed,)
