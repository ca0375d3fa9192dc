"""The draws that are models of their own: each says in one class what a person writes and what is drawn."""

from synthprof.schemas.draw_kinds.accounts import Email, UserName
from synthprof.schemas.draw_kinds.combinations import Combination
from synthprof.schemas.draw_kinds.contacts import Phone, Plate, PostCode
from synthprof.schemas.draw_kinds.counts import Poisson, Zipf
from synthprof.schemas.draw_kinds.documents import Card, Cnpj, Cpf, Ean, Iban, Isbn
from synthprof.schemas.draw_kinds.expressions import Expression
from synthprof.schemas.draw_kinds.fakers import FakerWords
from synthprof.schemas.draw_kinds.habits import Habitual
from synthprof.schemas.draw_kinds.items import ItemOf
from synthprof.schemas.draw_kinds.keys import Reference, Sequence, UniqueInteger, Uuid
from synthprof.schemas.draw_kinds.lists import Listed
from synthprof.schemas.draw_kinds.model import DrawModel
from synthprof.schemas.draw_kinds.moments import Date, Time, Timestamp
from synthprof.schemas.draw_kinds.noise import Noise
from synthprof.schemas.draw_kinds.numbers import (
    Beta,
    Exponential,
    Gamma,
    LogNormal,
    Normal,
    Pareto,
    Uniform,
    UniformInteger,
)
from synthprof.schemas.draw_kinds.odds import Boolean, Constant, Histogram
from synthprof.schemas.draw_kinds.patterns import Pattern
from synthprof.schemas.draw_kinds.places import Follows, Latitude, Longitude, Place
from synthprof.schemas.draw_kinds.tabulated import Tabulated
from synthprof.schemas.draw_kinds.templates import Template

MODELS: tuple[type[DrawModel], ...] = (
    *(UniformInteger, Uniform, Normal, LogNormal, Exponential, Pareto, Gamma, Beta),
    *(Poisson, Zipf, Histogram, Tabulated, Boolean, Constant, ItemOf),
    *(Date, Time, Timestamp, Habitual, Noise),
    *(Sequence, Uuid, UniqueInteger, Reference),
    *(Pattern, Cpf, Cnpj, Card, Iban, Ean, Isbn, Phone, PostCode, Plate),
    *(UserName, Email, Combination, FakerWords),
    *(Place, Follows, Latitude, Longitude),
    *(Expression, Template, Listed),
)
"""Every model; `draw = "…"` in a schema's file names one by its `draw`."""

BY_NAME = {model.model_fields["draw"].default: model for model in MODELS}
"""The models by the name that a schema's file has for them."""
