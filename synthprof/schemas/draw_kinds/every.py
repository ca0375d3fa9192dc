"""Every model of a draw.

A module names its models in `KINDS`.
"""

from synthprof.schemas.draw_kinds import (
    accounts,
    combinations,
    contacts,
    counts,
    documents,
    expressions,
    fakers,
    items,
    keys,
    lists,
    moments,
    noise,
    numbers,
    odds,
    patterns,
    places,
    tabulated,
    templates,
)
from synthprof.schemas.draw_kinds.model import DrawModel

FAMILIES = (
    numbers,
    counts,
    odds,
    tabulated,
    items,
    moments,
    noise,
    keys,
    patterns,
    documents,
    contacts,
    accounts,
    combinations,
    fakers,
    places,
    expressions,
    templates,
    lists,
)
"""The modules of models, as the reference of the format lists them."""

MODELS: tuple[type[DrawModel], ...] = tuple(model for family in FAMILIES for model in family.KINDS)
"""Every model; `draw = "…"` in a schema's file names one by its `draw`."""

BY_NAME = {model.model_fields["draw"].default: model for model in MODELS}
"""The models by the name that a schema's file has for them."""
