"""The short account of a version, for the console and as the frame of its report."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from synthprof.base.units import MIB
from synthprof.report.coherence import Coherence
from synthprof.report.drift import labels_in
from synthprof.report.duplicates import DuplicateFacts
from synthprof.report.model import ChildTable, Report, StageRow, added_up
from synthprof.schemas.loader import collection_schema
from synthprof.spec.contents import CLUSTERS, NO_CLUSTER
from synthprof.spec.spec import Spec
from synthprof.store.manifest import Manifest
from synthprof.store.receipts import Receipt
from synthprof.store.schemas import bundle_at
from synthprof.store.sqlite.database import read
from synthprof.store.tables import tables_of


@dataclass(frozen=True)
class Facts:
    """The facts that are read of a version's files, also while it is not yet published.

    example: the first row as it is stored. clusters: the path of its clusters. folder: where its schema lies,
    if that is the user's: the version's own, or the build's before.
    """

    example: Mapping[str, Any]
    clusters: Path
    folder: Path

    @classmethod
    def of(cls, manifest: Manifest, folder: Path) -> "Facts":
        """Return those of a published version. Raises StageError if its rows cannot be read."""
        rows = tables_of(folder, Spec.model_validate(manifest.spec)).rows(ids=range(1, 2))
        return cls(rows.to_pylist()[0], folder / CLUSTERS, folder)


def summary(manifest: Manifest, facts: Facts, receipts: Sequence[Receipt] = ()) -> Report:
    """Return the report without marginals and map. `receipts`, if given, replace those in the manifest."""
    found = read(facts.clusters, "SELECT cluster_id, count(*) AS size FROM clusters GROUP BY 1").to_pylist()
    cluster = read(facts.clusters, "SELECT cluster_id FROM clusters WHERE id = 1").to_pylist()[0]
    details = {receipt.stage: receipt.details for receipt in manifest.stages}
    sizes = dict.fromkeys(range(details["cluster"]["clusters"]), 0)  # a cluster may have no profile
    spec = manifest.spec
    bundle = bundle_at(facts.folder, spec["profile_schema"], spec.get("schema_digest", ""))
    schema = collection_schema(spec.get("columns", "")) if spec.get("collection") else bundle.schema
    sizes |= {row["cluster_id"]: row["size"] for row in found if row["cluster_id"] != NO_CLUSTER}
    return Report(
        dataset=manifest.dataset,
        version=manifest.version,
        rows=manifest.rows,
        bytes_total=manifest.bytes_total,
        spec=manifest.spec,
        stages=stage_rows(receipts or manifest.stages),
        marginals=(),
        cluster_sizes=list(sizes.values()),
        map_points=None,
        scores=_clusters_found(details["cluster"])
        | manifest.scores
        | ({} if schema.archetypes or spec.get("collection") else {"archetypes": "none"})
        | {"index": details.get("export_index", {}).get("kind")},
        example=schema.as_values(dict(facts.example)) | cluster,
        view=bundle.view,
        left_out=details.get("setup", {}).get("left_out", ()),
        tables=[_table(name, facts) for name, facts in manifest.tables.items()],
        coherence=Coherence.of(manifest.coherence),
        duplicates=DuplicateFacts.of(manifest.duplicates),
        drift=labels_in(manifest.drift),
    )


def _table(name: str, facts: Mapping[str, Any]) -> ChildTable:
    parents = {int(band): number for band, number in facts["parents"].items()}
    return ChildTable(name, facts["rows"], facts["most"], parents)


def _clusters_found(cluster: Mapping[str, Any]) -> dict[str, str]:
    """Return, as a score, that there are fewer clusters than wished, since not more embeddings differ."""
    if "clusters_wished" not in cluster:
        return {}
    return {"clusters": f"{cluster['clusters']:,} of {cluster['clusters_wished']:,} wished"}


def stage_rows(receipts: Sequence[Receipt]) -> list[StageRow]:
    """Return one row per stage, its shards together; the peak of memory is that of the hungriest process."""
    return added_up(
        StageRow(each.stage, each.rows, each.seconds, each.peak_memory / MIB, each.bytes_written, each.spans)
        for each in receipts
    )
