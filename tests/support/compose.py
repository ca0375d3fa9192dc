"""docker-compose.yml as an engine would read it: what each service runs, in which environment."""

import functools
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from dotenv import dotenv_values

from synthprof.orchestration.local.home import PROJECT

COMPOSE = PROJECT / "docker-compose.yml"

_VARIABLE = re.compile(r"\$(?:\$|\{(\w+)(?::([-?])([^}]*))?\})")


class Missing(Exception):
    """A variable that must be set is not."""


def services(variables: Mapping[str, str | None]) -> dict[str, dict[str, Any]]:
    """The services, every variable replaced. Raises Missing as an engine refuses."""
    return _replaced(_read(), variables)


@functools.cache
def _read() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = yaml.safe_load(COMPOSE.read_text())["services"]
    return found


def variables_of(path: Path) -> dict[str, str | None]:
    return dict(dotenv_values(path))


def _replaced(value: Any, variables: Mapping[str, str | None]) -> Any:
    if isinstance(value, dict):
        return {name: _replaced(each, variables) for name, each in value.items()}
    if isinstance(value, list):
        return [_replaced(each, variables) for each in value]
    return _VARIABLE.sub(lambda found: _value(found, variables), value) if isinstance(value, str) else value


def _value(found: re.Match[str], variables: Mapping[str, str | None]) -> str:
    name, sort, other = found.groups()
    if name is None:
        return "$"
    if sort == "?" and not variables.get(name):
        raise Missing(name)
    return variables.get(name) or other or ""
