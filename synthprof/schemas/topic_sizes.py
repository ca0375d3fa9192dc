"""Sizes of archetypes by Zipf's law, as the topics of real collections have them."""

import dataclasses
import functools

from synthprof.schemas.schema import Schema


@functools.lru_cache(maxsize=16)
def with_topic_sizes(schema: Schema, exponent: float) -> Schema:
    """Return a schema whose archetypes have shares in proportion to rank ** -exponent.

    The rank is that of the declared shares, the largest first; of equal ones the first declared. An exponent
    of 0 changes nothing.
    """
    if not exponent or not schema.archetypes:
        return schema
    shares = [archetype.share for archetype in schema.archetypes]
    order = sorted(range(len(shares)), key=lambda place: -shares[place])
    ranks = {place: rank for rank, place in enumerate(order, start=1)}
    # as decimals of twelve places, which hide in what the powers of libraries differ
    sized = (
        dataclasses.replace(archetype, share=round(ranks[place] ** -exponent, 12))
        for place, archetype in enumerate(schema.archetypes)
    )
    return dataclasses.replace(schema, archetypes=tuple(sized))
