"""A word from each of some lists, joined, each combination once if wanted."""

import math
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from synthprof.base.column_kinds import Kind
from synthprof.schemas.draw_kinds.model import DrawModel
from synthprof.schemas.draw_kinds.patterns import LARGEST, Value


class Combination(DrawModel):
    """One word of each list, joined: `silent-river-42`, with unique = true none twice.

    Any word is as likely as any other of its list. Different words give different texts, as the separator
    stands in no word, or the words of each list are equally long.

    >>> Combination(lists=(("red", "blue"), ("fox", "owl", "elk")), unique=True).most_rows
    6
    """

    draw: Literal["combination"] = "combination"
    lists: Annotated[
        tuple[Annotated[tuple[Value, ...], Field(min_length=1, max_length=60_000)], ...],
        Field(min_length=1, max_length=8, description="Lists of words."),
    ]
    separator: Annotated[str, Field(max_length=10, description="Stands between the words.")] = "-"
    unique: Annotated[bool, Field(description="No two rows have the same words.")] = False

    @property
    def kind(self) -> Kind:
        """A text."""
        return Kind("text")

    @property
    def most_rows(self) -> int | None:
        """The combinations, if none may repeat."""
        return math.prod(map(len, self.lists)) if self.unique else None

    @property
    def told(self) -> str:
        """The first combination and the number of all."""
        count = math.prod(map(len, self.lists))
        first = self.separator.join(words[0] for words in self.lists)
        return f"{first}, … of {count:,}{', none twice' if self.unique else ''}"

    @model_validator(mode="after")
    def _apart(self) -> Self:
        for words in self.lists:
            if len(set(words)) != len(words):
                raise ValueError("a list has a word twice; write it once")
        if math.prod(map(len, self.lists)) > LARGEST:
            raise ValueError("the lists have more than 2**63 combinations; shorten them")
        if self.unique and not self._told_apart():
            raise ValueError(
                f"unique: two choices of words can give the same text, as separator={self.separator!r} "
                "stands in a word or is empty; choose another"
            )
        return self

    def _told_apart(self) -> bool:
        if all(len({len(word) for word in words}) == 1 for words in self.lists) or len(self.lists) == 1:
            return True
        return self.separator != "" and not any(
            sign in word for words in self.lists for word in words for sign in self.separator
        )


KINDS = (Combination,)
