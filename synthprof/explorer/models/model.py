"""The base of the models of the HTTP API, and the refusal.

Names, docstrings and field descriptions of models stand in the OpenAPI description.
"""

from typing import Any

from pydantic import BaseModel, ConfigDict


class ApiModel(BaseModel):
    """A frozen model; infinite and undefined numbers are null in its JSON."""

    model_config = ConfigDict(frozen=True, ser_json_inf_nan="null")


class Problem(ApiModel):
    """A refusal: the value, the rule and the remedy in one sentence."""

    detail: Any
