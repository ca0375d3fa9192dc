"""Models of the HTTP API, made from manifests, builds, hits and tables."""

import datetime
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import pyarrow as pa
from pydantic import BaseModel

from synthprof.base.colours import Colour, category_colours, cluster_colours, number_colours
from synthprof.base.errors import SpecError
from synthprof.base.values import in_json
from synthprof.explorer.models import search
from synthprof.explorer.models.compare import Change, Comparison
from synthprof.explorer.models.datasets import Build, CardView, LinePart, Scores, Summary, Verified
from synthprof.explorer.models.map import MapOfPoints, Tint
from synthprof.explorer.models.overview import (
    ColumnFacts,
    File,
    ScoreMeaning,
    StageFacts,
    StageTiming,
    TableFacts,
    VersionFacts,
)
from synthprof.explorer.models.progress import BuildProgress, StageProgress
from synthprof.explorer.models.quality import (
    CoherenceFacts,
    DifficultyFigure,
    DriftFacts,
    DuplicatesCount,
    RealTextFacts,
)
from synthprof.explorer.models.schema import SchemaArchetype, SchemaColumn, SchemaFacts, SchemaTable
from synthprof.schemas.describe import drawn
from synthprof.schemas.feature_words import told
from synthprof.schemas.loader import KEY, TEXT
from synthprof.schemas.schema import Column
from synthprof.schemas.spans import on_map
from synthprof.schemas.uses import View
from synthprof.spec.contents import CLUSTER
from synthprof.spec.limits import LARGEST_INTEGER
from synthprof.spec.spec import row_word_of
from synthprof.store.manifest import Manifest
from synthprof.store.receipts import Receipt, seconds_of
from synthprof.store.verdicts import KeptVerdict
from synthprof.versions.asked import Asked
from synthprof.versions.difficulty import difficulty_of
from synthprof.versions.progress import Unfinished
from synthprof.versions.published import Published
from synthprof.versions.quality import coherence_told, drift_told, duplicates_told, meanings
from synthprof.versions.search import Hit


def version_facts(version: Published, current: bool, verified: KeptVerdict | None) -> VersionFacts:
    """Return everything that the manifest says of a version, and the columns of its rows."""
    manifest = version.manifest
    index = next((each.details for each in manifest.stages if each.stage == "export_index"), None)
    coherence, shown = coherence_told(manifest), Scores.model_fields
    difficulty, second = difficulty_of(manifest), duplicates_told(manifest)
    drift = drift_told(manifest)
    return VersionFacts(
        **dict(summary_of(manifest, version.bundle.view, current, verified)),
        coherence=None if coherence is None else CoherenceFacts(**coherence),
        duplicates=None if second is None else DuplicatesCount(**second),
        drift=None if drift is None else DriftFacts(**drift),
        meanings=[
            ScoreMeaning(name=name, title=title, meaning=meaning)
            for name, title, meaning in meanings()
            if name in shown
        ],
        spec=manifest.spec,
        stages=[_stage(receipt) for receipt in manifest.stages],
        timings=_timings(manifest.stages),
        seconds=round(seconds_of(manifest.stages), 3),
        files=[File(**file.model_dump()) for file in manifest.files],
        index=None if index is None else {**index, **index.get("scores", {})},
        columns=_columns(version.schema.columns),
        tables=_tables(version),
        difficulty=[
            DifficultyFigure(**vars(each) | {"real": list(each.real)}) for each in difficulty.figures
        ],
        real_texts=[RealTextFacts(name=each.name, encoder=each.encoder) for each in difficulty.real_texts],
    )


def summary_of(manifest: Manifest, view: View, current: bool, verified: KeptVerdict | None) -> Summary:
    """Return the summary of a version; `current` says whether readers get it by default."""
    details = {receipt.stage: receipt.details for receipt in manifest.stages}
    scores = {name: manifest.scores.get(name) for name in Scores.model_fields}
    collection, kind = manifest.spec.get("collection", ""), manifest.spec.get("kind", "texts")
    return Summary(
        dataset=manifest.dataset,
        version=manifest.version,
        current=current,
        rows=manifest.rows,
        row_word=(view.row if not collection else "") or row_word_of(collection, kind),
        bytes=manifest.bytes_total,
        published_at=_utc(manifest.published_at),
        seed=manifest.spec["seed"],
        encoder=manifest.spec["encoder"],
        profile_schema=manifest.spec["profile_schema"],
        clusters=details.get("cluster", {}).get("clusters"),
        scores=Scores(**{name: _finite(value) for name, value in scores.items()}),
        view=_view(manifest, view),
        verified=Verified(**verified.model_dump(exclude={"manifest"})) if verified else None,
    )


def _view(manifest: Manifest, view: View) -> CardView:
    """Return the columns that stand on cards: the schema's or, in a collection, its id and text."""
    if manifest.spec.get("collection"):
        return CardView(
            name=KEY,
            text=TEXT,
            line=[],
            lists=[],
            table=[],
            tables=[],
            language=view.language,
            examples=[],
            thumbnails=manifest.spec.get("kind") == "images",
        )
    line = [LinePart(columns=list(part.columns), unit=part.unit) for part in view.line]
    lists, table = list(view.lists), list(view.table)
    return CardView(
        name=view.name,
        text=view.text,
        line=line,
        lists=lists,
        table=table,
        tables=list(manifest.tables),
        language=view.language,
        examples=list(view.examples),
    )


def build_of(found: Unfinished) -> Build:
    """Return the summary of a build."""
    return Build(
        build=found.build,
        rows=found.spec.profiles,
        row_word=found.spec.row_word,
        seed=found.spec.seed,
        encoder=found.spec.encoder,
        state=found.state,
        problem=found.problem,
        done=list(found.done),
        stages=[each.stage for each in found.stages],
        updated_at=found.updated_at,
    )


def progress_of(found: Unfinished) -> BuildProgress:
    """Return how far the stages of a build are."""
    return BuildProgress(
        build=found.build,
        version=found.version,
        state=found.state,
        problem=found.problem,
        stages=[StageProgress(**asdict(each)) for each in found.stages],
    )


def hit_of(hit: Hit) -> search.Hit:
    """Return the result of a search."""
    return search.Hit(
        rank=hit.rank,
        id=hit.id,
        similarity=round(hit.similarity, 6),
        reasons=[str(reason) for reason in hit.reasons],
        profile=readable(hit.profile),
    )


def asked_of(asked: Asked) -> search.Asked:
    """Return how a text was read."""
    return search.Asked(
        conditions=list(asked.conditions),
        ignored=list(asked.ignored),
        loosened=[search.Loosened(first=each.first, without=each.without) for each in asked.loosened],
        ranked=asked.ranked,
        language=asked.language,
    )


def readable(profile: dict[str, Any]) -> dict[str, Any]:
    """Return the row of JSON's types, with integers that JavaScript cannot represent exactly as text."""
    found: dict[str, Any] = {name: _readable(value) for name, value in in_json(profile).items()}
    return found


def _readable(value: Any) -> Any:  # noqa: ANN401
    if isinstance(value, list):
        return [_readable(each) for each in value]
    if isinstance(value, dict):
        return readable(value)
    return str(value) if isinstance(value, int) and abs(value) > LARGEST_INTEGER else value


def map_of_points(whole: pa.Table, points: int, colour: str) -> MapOfPoints:
    """Return the first points of a map, coloured by one of its columns. Raises SpecError for another name."""
    table = whole.slice(0, points)
    colours = [name for name in table.column_names if name not in ("id", "x", "y")]
    if colour not in colours:
        raise SpecError(f"colour={colour!r} is not on the map; use one of {', '.join(colours)}")
    categories, values = _coloured(table, colour)
    ordered = b"ordered" in (table.schema.field(colour).metadata or {})
    return MapOfPoints.model_construct(
        colour=colour,
        kind="number" if categories is None else "category",
        ordered=ordered,
        categories=categories,
        ids=table.column("id").to_pylist(),
        x=_rounded(table.column("x")),
        y=_rounded(table.column("y")),
        values=values,
        colours=[
            Tint(light=light, dark=dark) for light, dark in _colours(whole, colour, categories, ordered)
        ],
    )


def comparison_of(left: dict[str, Any], right: dict[str, Any]) -> Comparison:
    """Return how far the shares of one column differ; `left` and `right` are marginals of an overview."""
    shares = [{each["value"]: each["share"] for each in side["values"]} for side in (left, right)]
    changes = [
        Change(
            value=value,
            left=shares[0].get(value, 0.0),
            right=shares[1].get(value, 0.0),
            difference=shares[1].get(value, 0.0) - shares[0].get(value, 0.0),
        )
        for value in dict.fromkeys((*shares[0], *shares[1]))
    ]
    changes.sort(key=lambda each: -abs(each.difference))
    distance = sum(abs(each.difference) for each in changes) / 2
    return Comparison(column=left["column"], distance=distance, changes=changes)


def as_json(answer: object) -> bytes:
    """Return the JSON of a model, of a list of models, of plain values, or of JSON given as bytes."""
    if isinstance(answer, bytes):
        return answer
    if isinstance(answer, BaseModel):
        return answer.model_dump_json(by_alias=True).encode()
    if isinstance(answer, list):
        return b"[" + b",".join(as_json(each) for each in answer) + b"]"
    return json.dumps(answer).encode()


def _utc(moment: str) -> str:
    return datetime.datetime.fromisoformat(moment).astimezone(datetime.UTC).isoformat(timespec="seconds")


def _finite(value: Any) -> float | None:  # noqa: ANN401
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else None


def _stage(receipt: Receipt) -> StageFacts:
    return StageFacts(
        stage=receipt.stage,
        shard=receipt.shard,
        rows=receipt.rows,
        seconds=receipt.seconds,
        rows_per_second=receipt.rows_per_second,
        cpu_seconds=receipt.cpu_seconds,
        peak_memory=receipt.peak_memory,
        bytes_written=receipt.bytes_written,
        details=receipt.details,
    )


def _timings(receipts: Sequence[Receipt]) -> list[StageTiming]:
    """Return the receipts by stage; time is by the clock, as in the report."""
    found: dict[str, list[Receipt]] = {}
    for receipt in receipts:
        found.setdefault(receipt.stage, []).append(receipt)
    return [_timing(name, of) for name, of in found.items()]


def _timing(name: str, receipts: Sequence[Receipt]) -> StageTiming:
    rows, seconds = sum(each.rows for each in receipts), seconds_of(receipts)
    return StageTiming(
        stage=name,
        shards=len(receipts),
        rows=rows,
        seconds=round(seconds, 3),
        rows_per_second=rows / seconds if seconds else 0.0,
        cpu_seconds=sum(each.cpu_seconds for each in receipts),
        peak_memory=max(each.peak_memory for each in receipts),
        bytes_written=sum(each.bytes_written for each in receipts),
    )


def schema_facts(version: Published) -> SchemaFacts:
    """Return what the rows of a version are drawn from: its columns, their draws, and the archetypes."""
    schema, collection = version.schema, version.spec.collection
    weights = {} if collection else version.bundle.encoding.weights
    whole = sum(archetype.share for archetype in schema.archetypes)
    made = {table.name for table in schema.tables}
    return SchemaFacts(
        name=schema.name,
        title=version.bundle.view.title,
        language=version.bundle.view.language,
        columns=_schema_columns(schema.columns, weights),
        archetypes=[
            SchemaArchetype(
                name=each.name,
                title=each.title,
                share=each.share / whole,
                shifts=[name for name, _ in each.odds],
            )
            for each in schema.archetypes
        ],
        tables=[
            SchemaTable(
                name=table.name,
                doc=table.doc,
                rows=drawn(Column(table.name, table.fan_out.draw, None, "")),
                made=table.name in made,
                columns=_schema_columns(table.columns, {}),
            )
            for table in (() if collection else version.bundle.schema.tables)
        ],
    )


def _schema_columns(columns: Sequence[Column], weights: Mapping[str, float]) -> list[SchemaColumn]:
    found, place = [], 0
    for column in columns:
        size = len(column.feature_names)
        facts = SchemaColumn(
            name=column.name,
            kind=str(column.value_kind or column.kind),
            doc=column.doc,
            draw=drawn(column),
            given=list(column.given),
            indexed=column.indexed,
            feature=told(column.feature) or None,
            positions=(place, place + size - 1) if size else None,
            weight=weights.get(column.name, 0.0),
            values=len(column.values) or None,
        )
        found.append(facts)
        place += size
    return found


def _tables(version: Published) -> list[TableFacts]:
    told = version.manifest.tables
    return [
        TableFacts(
            name=table.name,
            doc=table.doc,
            rows=told[table.name]["rows"],
            most=told[table.name]["most"],
            columns=_columns(table.columns),
        )
        for table in version.schema.tables
    ]


def _columns(columns: Sequence[Column]) -> list[ColumnFacts]:
    found = []
    for column in columns:
        low, high = column.bounds or (None, None)
        facts = ColumnFacts(
            name=column.name,
            kind=column.kind,
            values=list(column.values) or None,
            minimum=low,
            maximum=high,
            on_map=on_map(column),
            doc=column.doc,
        )
        found.append(facts)
    return found


def _coloured(table: pa.Table, colour: str) -> tuple[list[str] | None, list[int]]:
    """Return the categories and each point's index into them, or None and each point's number."""
    values = table.column(colour).combine_chunks()
    if colour == CLUSTER:
        clusters, places = np.unique(values.to_numpy(), return_inverse=True)
        return [str(each) for each in clusters.tolist()], places.tolist()
    if pa.types.is_dictionary(values.type):
        return values.dictionary.to_pylist(), values.indices.to_pylist()
    return None, values.to_pylist()


def _colours(whole: pa.Table, colour: str, categories: list[str] | None, ordered: bool) -> list[Colour]:
    """Return the colours of the categories, or of numbers; those of clusters depend on the whole map."""
    if categories is None:
        return number_colours()
    if ordered:  # the last category has no value
        ramp, steps = number_colours(), max(len(categories) - 2, 1)
        spread = [ramp[place * (len(ramp) - 1) // steps] for place in range(len(categories) - 1)]
        return [*spread, NO_COLOUR]
    if colour != CLUSTER:
        return category_colours(len(categories))
    found = cluster_colours(*(whole.column(name).to_numpy() for name in ("x", "y", CLUSTER)))
    return [found[int(name)] for name in categories]


NO_COLOUR: Colour = ("#8b9690", "#7c8a84")
"""Of points without a value, on a light page and on a dark one."""


def _rounded(values: pa.ChunkedArray) -> list[float]:
    places: list[float] = np.round(values.to_numpy().astype(np.float64), 4).tolist()
    return places
