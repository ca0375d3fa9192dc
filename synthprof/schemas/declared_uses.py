"""Uses of columns that a schema declares, without those that follow from its columns and its language."""

from dataclasses import fields
from typing import Any

from synthprof.schemas.bundle import Bundle
from synthprof.schemas.languages import spoken
from synthprof.schemas.texts import Texts
from synthprof.schemas.uses import Encoding, View, default_view, default_weight


def declared_encoding(bundle: Bundle) -> dict[str, Any]:
    """Return what a schema says of embeddings and searches, by name; weights by `weight of COLUMN`."""
    found = bundle.declared_encoding
    if found is None:
        return {}
    weights = {
        f"weight of {column.name}": found.weights.get(column.name, 0.0)
        for column in bundle.schema.columns
        if found.weights.get(column.name, 0.0) != default_weight(column)
    }
    return weights | _others(found, Encoding(), ("weights",))


def declared_view(bundle: Bundle) -> dict[str, Any]:
    """Return what a schema says of cards, tables and the map, by name."""
    found = bundle.declared_view
    return {} if found is None else _others(found, default_view(bundle.schema))


def declared_texts(bundle: Bundle) -> dict[str, Any]:
    """Return what a schema says of words, by name."""
    found = bundle.texts
    said = spoken(Texts(), bundle.schema, bundle.view.language, bundle.view.row)
    parts = {
        "ignored": set(found.ignored) - set(said.ignored),
        "numbers": {name: each for name, each in found.numbers.items() if each != said.numbers.get(name)},
        "synonyms": set(found.synonyms) - set(said.synonyms),
    }
    return {name: each for name, each in parts.items() if each} | _others(found, said, tuple(parts))


def _others(
    found: Encoding | View | Texts, said: Encoding | View | Texts, but: tuple[str, ...] = ()
) -> dict[str, Any]:
    """Return the fields that are others than what is said anyway."""
    names = (each.name for each in fields(found) if each.name not in but)
    return {name: each for name in names if (each := getattr(found, name)) != getattr(said, name)}
