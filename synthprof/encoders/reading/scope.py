"""The scope of denials and of alternatives among the wishes of a search."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from synthprof.encoders.reading.reading import Test
from synthprof.schemas.texts import Tokens

Kind = Literal["wish", "deny", "verb", "or", "and", "but", "word"]


@dataclass(frozen=True)
class Item:
    """A part of a text, from the word `first` to before the word `last`.

    begins: whether a comma or the like stands before it. Of a wish, tokens are the meaning and tests what a
    number states; denied and choice say what the text around it makes of it: wishes of one choice, other
    than 0, are alternatives.
    """

    kind: Kind
    first: int
    last: int
    begins: bool = False
    tokens: Tokens = ()
    tests: tuple[Test, ...] = ()
    denied: bool = False
    choice: int = 0

    @property
    def columns(self) -> frozenset[str]:
        """The columns that a wish tells of."""
        return frozenset([*(column for column, _ in self.tokens), *(test.column for test in self.tests)])


def wishes_of(items: Sequence[Item]) -> list[Item]:
    """Return the wishes among the parts of a text, each with what it is: denied, or one of a choice.

    A denial reaches the wish after it, and those that are joined to it; where none follows before a comma,
    the wish before it. A verb or a `but` ends it.
    """
    found: list[Item] = []
    links: list[list[str]] = []
    link: list[str] = []
    pending, choices = False, 0
    for place, item in enumerate(items):
        if item.begins:
            if pending:
                found = _last_denied(found, link)
                pending = False
            link.append("comma")
        if item.kind != "wish":
            pending = (pending or item.kind == "deny") and item.kind != "but"
            link.append(item.kind)
            continue
        joined = bool(found) and _is_joined(found[-1], item, set(link), items[place + 1 :])
        denied = pending or (joined and found[-1].denied)
        found.append(replace(item, denied=denied))
        links.append(link)
        pending, link = False, []
    if pending:
        found = _last_denied(found, link)
    for place in range(1, len(found)):
        if _is_choice(found, links, place):
            choices += not found[place - 1].choice
            number = found[place - 1].choice or choices
            found[place - 1 : place + 1] = [
                replace(each, choice=number) for each in found[place - 1 : place + 1]
            ]
    return found


def _last_denied(found: list[Item], link: Sequence[str]) -> list[Item]:
    """Return the wishes, the last of which is denied if a denial ends what was said since."""
    if found and link[-1:] == ["deny"] and not {"comma", "verb", "but"} & set(link):
        return [*found[:-1], replace(found[-1], denied=True)]
    return found


def _is_joined(before: Item, item: Item, link: set[str], after: Sequence[Item]) -> bool:
    """Return whether a wish shares the denial of the wish before it."""
    if {"verb", "but", "deny"} & link:
        return False
    alike = bool(before.columns & item.columns)
    if "or" in link:
        return True
    if "and" in link:
        return alike or not {"word", "comma"} & link
    return "comma" in link and alike and _is_listed(item, after)


def _is_listed(item: Item, after: Sequence[Item]) -> bool:
    """Return whether a list goes on after a wish until its last one is joined by `and` or `or`."""
    joins = False
    for each in after:
        if each.kind in ("verb", "but", "deny"):
            return False
        joins = joins or each.kind in ("or", "and")
        if each.kind == "wish":
            if not each.columns & item.columns:
                return False
            if joins:
                return True
            if not each.begins:
                return False
    return False


def _is_choice(found: Sequence[Item], links: Sequence[Sequence[str]], place: int) -> bool:
    """Return whether a wish and the one before it are alternatives: by `or`, or in a list that has it."""
    one, other, link = found[place - 1], found[place], links[place]
    if one.denied or other.denied:
        return False
    if "or" in link:  # what stands before it may be unknown: then that is the other alternative
        return link[0] == "or" or link[:2] == ["comma", "or"]
    if set(link) - {"word"} != {"comma"} or not one.columns & other.columns or place + 1 == len(found):
        return False
    return _is_choice(found, links, place + 1)
