"""First and last names of a locale by sex: the schema's own, or the lists of a Faker provider.

Only Faker's lists are read, never its row calls: those draw from its own generator, one at a time.
"""

import importlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from synthprof.profiles.odds import normalised
from synthprof.schemas.draws import FullName
from synthprof.spec.locales import DEFAULT_LOCALE

Weighted = dict[str, float]

BORROWED = {"es": "es_ES"}
"""Locales whose provider has only the placeholders John, Jane and Doe, and whose names stand in for them."""


@dataclass(frozen=True)
class Names:
    """Names to draw from and how a full name is put together.

    first_shares: (sexes, decades, firsts); last_shares: (sexes, lasts); each row sums to 1. own: the draw
    whose names these are, which may have further parts; None for those of a locale.
    """

    firsts: tuple[str, ...]
    first_shares: npt.NDArray[np.float64]
    lasts: tuple[str, ...]
    last_shares: npt.NDArray[np.float64]
    two_lasts: float
    last_stands_first: bool
    gap: str
    own: FullName | None = None


def names_of(draw: FullName, sexes: Sequence[str], locale: str) -> Names:
    """Return the names of a locale, by default the schema's own; rows follow the order of `sexes`."""
    if locale in (draw.locale, DEFAULT_LOCALE):
        return _own_names(draw)
    provider = importlib.import_module(f"faker.providers.person.{BORROWED.get(locale, locale)}").Provider
    genders = ["male" if sex == draw.masculine else "female" for sex in sexes]
    firsts = [_firsts(provider, gender) for gender in genders]
    lasts = [_lasts(provider, gender) for gender in genders]
    last_stands_first, gap = _order(provider)
    all_firsts, first_shares = _union(firsts)
    all_lasts, last_shares = _union(lasts)
    decades = np.repeat(first_shares[:, None, :], len(draw.decades), axis=1)
    return Names(all_firsts, decades, all_lasts, last_shares, 0.0, last_stands_first, gap)


def _own_names(draw: FullName) -> Names:
    rows = [
        [normalised([names.get(name, (0.0,) * len(draw.decades))[d] for name in _all_firsts(draw)])
         for d in range(len(draw.decades))]
        for names in (dict(zip(f, w, strict=True)) for f, w in zip(draw.firsts, draw.weights, strict=True))
    ]  # fmt: skip
    lasts = np.array([normalised(draw.last_weights)] * len(draw.firsts))
    return Names(_all_firsts(draw), np.array(rows), draw.lasts, lasts, draw.two_lasts, False, " ", draw)


def _all_firsts(draw: FullName) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for names in draw.firsts for name in names))


def _firsts(provider: type, gender: str) -> Weighted:
    own = _weighted(_list(provider, f"first_names_{gender}"))
    return own or _weighted(_list(provider, "first_names"))


def _lasts(provider: type, gender: str) -> Weighted:
    """Last names of a gender; Polish and Icelandic ones are formed as Faker's methods form them."""
    if stems := _list(provider, "last_names_without_suffix"):
        return _weighted([stem + ("son" if gender == "male" else "dóttir") for stem in stems])
    if unisex := _list(provider, "unisex_last_names"):
        men = _list(provider, "male_last_names")
        of_gender = [re.sub("ki$", "ka", name) for name in men] if gender == "female" else men
        return _weighted([*of_gender, *unisex])
    return _weighted(_list(provider, f"last_names_{gender}")) or _weighted(_list(provider, "last_names"))


def _list(provider: type, name: str) -> Sequence[str] | Mapping[str, float]:
    """Return a list of the provider; empty if it has none or only a property of that name (es_CL)."""
    found = getattr(provider, name, ())
    return found if isinstance(found, Sequence | Mapping) else ()


def _weighted(names: Sequence[str] | Mapping[str, float]) -> Weighted:
    """Names, clear of stray spaces and of what follows a comma or bracket, with their weights.

    "Bourgondië, van" is Bourgondië. A name listed twice counts twice.
    """
    found: Weighted = {}
    pairs = names.items() if isinstance(names, Mapping) else ((name, 1.0) for name in names)
    for name, weight in pairs:
        if clean := " ".join(re.split(r"[,;(]", name)[0].split()):
            found[clean] = found.get(clean, 0.0) + float(weight)
    return found


def _order(provider: type) -> tuple[bool, str]:
    """Return whether the last name comes first, and the text between names, by the provider's format."""
    for form in (*getattr(provider, "formats_male", ()), *getattr(provider, "formats", ())):
        if found := re.fullmatch(r"{{(first|last)_name\w*}}(\s?){{(first|last)_name\w*}}", form):
            before, gap, after = found.groups()
            if before != after:
                return before == "last", gap
    return False, " "


def _union(of_sex: Sequence[Weighted]) -> tuple[tuple[str, ...], npt.NDArray[np.float64]]:
    names = tuple(dict.fromkeys(name for weighted in of_sex for name in weighted))
    rows = [normalised([weighted.get(name, 0.0) for name in names]) for weighted in of_sex]
    return names, np.array(rows)
