"""Samplers: the drawing of each model in `schemas/draw_kinds`, columns at a time."""

from collections.abc import Callable, Mapping
from typing import Any

from synthprof.profiles.samplers.accounts import Emails, UserNames
from synthprof.profiles.samplers.expressions import Expressions
from synthprof.profiles.samplers.habits import HabitualTimes
from synthprof.profiles.samplers.items import Items
from synthprof.profiles.samplers.keys import References, Sequences, UniqueIntegers, Uuids
from synthprof.profiles.samplers.lists import Lists
from synthprof.profiles.samplers.moments import Dates, Times, Timestamps
from synthprof.profiles.samplers.nested import NUMBERS
from synthprof.profiles.samplers.noise import Noisy
from synthprof.profiles.samplers.odds import Booleans, Constants, Histograms
from synthprof.profiles.samplers.patterns import Patterns
from synthprof.profiles.samplers.places import Following, Latitudes, Longitudes, Places
from synthprof.profiles.samplers.sampler import Sampler, Setting
from synthprof.profiles.samplers.tabulated import TabulatedValues
from synthprof.profiles.samplers.templates import Templates
from synthprof.profiles.samplers.vocabulary import Combinations, FakerVocabulary
from synthprof.schemas.draw_kinds import MODELS
from synthprof.schemas.draw_kinds.accounts import Email, UserName
from synthprof.schemas.draw_kinds.combinations import Combination
from synthprof.schemas.draw_kinds.expressions import Expression
from synthprof.schemas.draw_kinds.fakers import FakerWords
from synthprof.schemas.draw_kinds.habits import Habitual
from synthprof.schemas.draw_kinds.items import ItemOf
from synthprof.schemas.draw_kinds.keys import Reference, Sequence, UniqueInteger, Uuid
from synthprof.schemas.draw_kinds.lists import Listed
from synthprof.schemas.draw_kinds.model import DrawModel
from synthprof.schemas.draw_kinds.moments import Date, Time, Timestamp
from synthprof.schemas.draw_kinds.noise import Noise
from synthprof.schemas.draw_kinds.odds import Boolean, Constant, Histogram
from synthprof.schemas.draw_kinds.patterns import Patterned
from synthprof.schemas.draw_kinds.places import Follows, Latitude, Longitude, Place
from synthprof.schemas.draw_kinds.tabulated import Tabulated
from synthprof.schemas.draw_kinds.templates import Template

SAMPLERS: Mapping[type[DrawModel], Callable[[Any, Setting], Sampler]] = {
    **NUMBERS,
    **{
        Histogram: Histograms,
        Boolean: Booleans,
        Constant: Constants,
        Tabulated: TabulatedValues,
        ItemOf: Items,
    },
    **{Date: Dates, Time: Times, Timestamp: Timestamps, Noise: Noisy, Habitual: HabitualTimes},
    **{Sequence: Sequences, Uuid: Uuids, UniqueInteger: UniqueIntegers, Reference: References},
    **{UserName: UserNames, Email: Emails, Combination: Combinations, FakerWords: FakerVocabulary},
    **{model: Patterns for model in MODELS if issubclass(model, Patterned)},
    Expression: Expressions,
    Template: Templates,
    Place: Places,
    Follows: Following,
    Latitude: Latitudes,
    Longitude: Longitudes,
    Listed: Lists,
}
"""The sampler of each model."""


def sampler_of(draw: DrawModel, setting: Setting) -> Sampler:
    """Return the sampler of a column, with the tables that it draws from."""
    return SAMPLERS[type(draw)](draw, setting)
