"""The report of a version that is about to be published: its summary, marginals and a map."""

import dataclasses
from collections.abc import Mapping, Sequence
from math import isnan
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from synthprof.base.colours import cluster_colours
from synthprof.profiles.shares import expected_shares, labels
from synthprof.report.model import MapPoints, Marginal, Report
from synthprof.report.overview import by_column
from synthprof.schemas.loader import KEY, TEXT
from synthprof.schemas.spans import in_bands
from synthprof.spec.contents import CLUSTERS
from synthprof.stages.context import Context
from synthprof.stages.publish_pictures import Pictures
from synthprof.stages.summary import Facts, summary
from synthprof.store.manifest import Manifest

MAP_POINTS = 4_000
"""Points on the report's map."""

MAX_SHOWN = 300
"""Characters of a collection's text on the map."""


def report_of(
    context: Context,
    manifest: Manifest,
    traits: npt.NDArray[np.int64],
    sources: dict[str, Path],
    pictures: Pictures,
) -> Report:
    """Return the report of the version. traits: the sum of `overview.count` over all blocks."""
    return dataclasses.replace(
        summary(manifest, Facts(_first_row(context), sources[CLUSTERS], context.build.folder)),
        marginals=_marginals(context, traits[-1]),
        map_points=_map(context, pictures),
    )


def _first_row(context: Context) -> dict[str, Any]:
    """Return the first row as a version stores it, where NaN is no value."""
    (row,) = context.blocks.profiles(0).slice(0, 1).to_pylist()
    return {name: None if isinstance(value, float) and isnan(value) else value for name, value in row.items()}


def _marginals(context: Context, counts: npt.NDArray[np.int64]) -> list[Marginal]:
    """Return the marginals of columns with one value in each row; lists, with several, have none.

    The shares are those among the rows that have a value.
    """
    spec, schema = context.spec, context.schema
    counted = by_column(schema, counts)
    targets, columns = expected_shares(schema, spec.separation), schema.by_name
    return [
        Marginal(
            name,
            labels(columns[name]),
            _shares(found),
            list(targets.get(name, {}).values()),
            ordered=in_bands(columns[name]),
        )
        for name, found in counted.items()
        if columns[name].kind != "list"
    ]


def _shares(counts: npt.NDArray[np.int64]) -> list[float]:
    """Return the share of each value among the rows that have one."""
    found: list[float] = (counts / max(int(counts.sum()), 1)).tolist()
    return found


def _map(context: Context, pictures: Pictures) -> MapPoints:
    """Return the first points of the version's map, with a few words on each."""
    places, labels = pictures.places[:MAP_POINTS], pictures.labels[:MAP_POINTS]
    shown = _shown(context)
    rows = context.blocks.profiles(0).slice(0, len(places)).select(["id", *shown]).to_pylist()
    return MapPoints(
        ids=[row["id"] for row in rows],
        x=places[:, 0].tolist(),
        y=places[:, 1].tolist(),
        clusters=labels.tolist(),
        texts=_texts(context, rows),
        colours=cluster_colours(pictures.places[:, 0], pictures.places[:, 1], pictures.labels),
    )


def _shown(context: Context) -> tuple[str, ...]:
    return (KEY, TEXT) if context.spec.collection else context.bundle.view.map_columns


def _texts(context: Context, rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the text that the map shows of each row."""
    if context.spec.collection:
        return [f"{row[KEY]}\n{row[TEXT][:MAX_SHOWN]}" for row in rows]
    view, schema = context.bundle.view, context.schema
    return [view.map_text(schema.as_values(dict(row))) for row in rows]
