"""Joint shares of what a column depends on, summed exactly over all else, in a fixed order of operations."""

import math
from collections.abc import Collection, Iterable, Iterator, Sequence

import numpy as np
import numpy.typing as npt

from synthprof.profiles.odds import Axis, normalised, odds_of
from synthprof.schemas.draws import Chance, Choice, Lookup, Number, YearsSince
from synthprof.schemas.schema import Column, Schema

Floats = npt.NDArray[np.float64]

MAX_JOINT = 1 << 24
"""Joint shares that are held at once."""


class TooLarge(Exception):
    """More joint shares than are held at once."""


def joint_rows(schema: Schema, axes: Sequence[Axis], separation: float) -> Floats:
    """Return the share of rows in each combination of the codes of axes, (size of each axis …).

    Raises TooLarge where too many combinations of what they depend on are possible.
    """
    wanted = [axis.column for axis in axes if axis.column is not None]
    order = list(_with_parents(schema, wanted))
    held: list[str | None] = [None]
    shares = normalised([archetype.share for archetype in schema.archetypes] or [1.0])
    for at, column in enumerate(order):
        needed = {None, *wanted, *(given for later in order[at + 1 :] for given in later.given)}
        shares, held = _with(schema, column, shares, held, separation, needed)
        gone = [place for place, each in enumerate(held) if each not in needed]
        shares, held = _summed(shares, gone), [each for each in held if each in needed]
    return _by_codes(shares, held, axes)


def enumerable(schema: Schema, name: str) -> bool:
    """Return whether a column and all that it depends on are drawn by odds, as single values."""
    kinds = (Choice, Chance, Number, YearsSince, Lookup)
    return all(isinstance(each.draw, kinds) and not each.inherited for each in _with_parents(schema, [name]))


def _by_codes(shares: Floats, held: Sequence[str | None], axes: Sequence[Axis]) -> Floats:
    """Return shares by the codes of axes, of which several may be of one column."""
    sizes: list[int] = []
    order: list[int] = []
    for place, name in enumerate(held):
        own = [at for at, axis in enumerate(axes) if axis.column == name]
        codes = np.zeros(shares.shape[place], dtype=np.intp)
        for at in own:
            codes = codes * axes[at].size + axes[at].codes
        shares = _grouped(shares, place, codes, math.prod(axes[at].size for at in own))
        sizes += [axes[at].size for at in own]
        order += own
    found: Floats = shares.reshape(sizes).transpose(*np.argsort(order))
    return found


def _with_parents(schema: Schema, names: Sequence[str]) -> Iterator[Column]:
    """Yield columns and all that they depend on, each once, directly after what it needs."""
    found: dict[str, Column] = {}

    def visit(name: str) -> None:
        if name not in found:
            column = schema.column(name)
            for given in column.given:
                visit(given)
            found[name] = column

    for name in names:
        visit(name)
    yield from found.values()


def _with(
    schema: Schema,
    column: Column,
    shares: Floats,
    held: list[str | None],
    separation: float,
    needed: Collection[str | None],
) -> tuple[Floats, list[str | None]]:
    """Return joint shares with one more column as the last axis, and the names of the axes."""
    if isinstance(column.draw, Lookup):
        of, codes = column.draw.column, np.array(column.draw.codes)
        if of not in needed:
            place = held.index(of)
            shares = np.moveaxis(_grouped(shares, place, codes, len(column.values)), place, -1)
            return shares, [*(each for each in held if each != of), column.name]
        parents: list[str | None] = [of]
        table = (codes[:, None] == np.arange(len(column.values))).astype(np.float64)
    else:
        odds = odds_of(schema, column, separation)
        parents, table = [axis.column for axis in odds.axes], odds.shares
        for place, axis in enumerate(odds.axes):
            table = table.take(axis.codes, axis=place)
    if shares.size * table.shape[-1] > MAX_JOINT:
        raise TooLarge
    places = [held.index(each) for each in parents]
    shape = [1] * len(held) + [table.shape[-1]]
    for place, size in zip(places, table.shape, strict=False):
        shape[place] = size
    aligned = table.transpose(*np.argsort(places), len(places)).reshape(shape)
    return shares[..., None] * aligned, [*held, column.name]


def _grouped(shares: Floats, place: int, codes: npt.NDArray[np.intp], size: int) -> Floats:
    """Return shares with one axis summed by groups of its values, one after the other."""
    moved = np.moveaxis(shares, place, 0)
    found = np.zeros((size, *moved.shape[1:]))
    np.add.at(found, codes, moved)
    return np.moveaxis(found, 0, place)


def _summed(shares: Floats, places: Iterable[int]) -> Floats:
    """Return shares without some axes, whose values are added one after the other."""
    for place in sorted(places, reverse=True):
        shares = _grouped(shares, place, np.zeros(shares.shape[place], dtype=np.intp), 1).squeeze(place)
    return shares
