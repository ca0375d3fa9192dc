"""Damage to what a build reads back: whatever it hits, what is published is as if there had been none."""

import random
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest
from builds import Built, damage_file
from harness import cases, note

from synthprof.base.errors import SynthprofError

RECEIPTS = [
    f"{stage}-*/receipt.json"
    for stage in ("setup", "generate", "ingest", "vectorize", "persist_blobs", "cluster", "export_index")
]

SHARED = [
    *(
        "spec.json",
        "since.json",
        "generate-*/profiles-00000.arrow",
        "generate-*/seal-00000.json",
        "ingest-*/perfis.db",
    ),
    *("vectorize-*/seal-00000.json", "persist_blobs-*/embeddings.db"),
    *("cluster-*/clusters.db", "cluster-*/centroids.npy", "cluster-*/labels.npy"),
    *("export_index-*/index.faiss", "vacuum-*/perfis.db", "vacuum-*/embeddings.db", "vacuum-*/clusters.db"),
    *("vacuum-*/receipt.json", *RECEIPTS),
]

FILES = {
    "people": [
        *SHARED,
        *("generate-*/archetypes-00000.npy", "generate-*/traits-00000.arrow", "persist_blobs-*/vetores.db"),
        *("vectorize-*/released.json", "vacuum-*/vetores.db"),
        *(f"persist_blobs-*/sealed-{name}.db.json" for name in ("vetores", "embeddings")),
    ],
    "parted": [
        *("spec.json", "since.json", "generate-*/profiles-00000.arrow", "generate-*/archetypes-00000.npy"),
        "generate-*/traits-00000.arrow",
        *("vectorize-*/embeddings-00000.npy", "vectorize-*/vectors-00000.npy", "cluster-*/clusters.db"),
        *(f"{stage}-*/seal-00000.json" for stage in ("generate", "vectorize")),
        *(f"{stage}-*/seal-part-00000.json" for stage in ("ingest", "persist_blobs")),
        *("ingest-*/perfis-part-00000.parquet", "persist_blobs-*/vetores-part-00000.npy"),
        *("persist_blobs-*/embeddings-part-00000.npy", "cluster-*/centroids.npy", "cluster-*/labels.npy"),
        *("export_index-*/index.faiss", *RECEIPTS),
    ],
    "texts": [
        *SHARED,
        *("survey.json", "encoder.json", "vectorize-*/missing-00000.npy"),
        "vectorize-*/embeddings-00000.npy",
        *("vectorize-*/failures-00000.jsonl", "../../../.embeddings/*.db"),
    ],
}
"""The files that a build reads back, as patterns within its folder."""

DAMAGES = ("flipped", "flipped late", "truncated", "empty", "gone", "of another build")

MATRIX = [(name, file, damage) for name, files in FILES.items() for file in files for damage in DAMAGES]

random.Random(1).shuffle(MATRIX)  # so that a sample has some of each


@pytest.mark.parametrize(("name", "file", "damage"), cases(MATRIX, 8))
def test_damage_to_a_build_leaves_no_trace_in_what_is_published(
    built: Callable[[str], Built], tmp_path: Path, name: str, file: str, damage: str
) -> None:
    subject = built(name).copy(tmp_path / "home")
    (path,) = subject.build.folder.glob(file) if ".." not in file else subject.home.glob(file[9:])
    if damage == "of another build":
        (other,) = (
            subject.other().folder.glob(file) if ".." not in file else [subject.store.folder / "publish.lock"]
        )
        shutil.copy(other, path)
    else:
        damage_file(path, damage)
    told, lost = [], list[str]()
    for _ in range(3):
        try:
            found = subject.run()
            break
        except SynthprofError as error:
            told.append(str(error))
            lost += [] if re.search(r"; .*run it again", str(error)) else [f"no remedy: {error}"]
            if "remove it" in str(error):
                path.unlink()
    else:
        found = {}
    lost += [f"{path.name} {damage}: {told[-1:]}"] if len(told) > 1 else []
    lost += [] if found == subject.published else [f"{path.name} {damage}: published {found}"]
    note("damage to a file of a build", 1, lost, file=file, damage=damage)


@pytest.mark.parametrize("name", FILES)
def test_every_file_of_a_build_is_damaged_above_or_harmless(built: Callable[[str], Built], name: str) -> None:
    folder = built(name).build.folder
    named = {path for pattern in FILES[name] if ".." not in pattern for path in folder.glob(pattern)}
    present = {path for path in folder.rglob("*") if path.is_file() and "locks" not in path.parts}
    assert present == named


def test_a_block_that_was_made_from_a_damaged_one_is_not_kept(
    built: Callable[[str], Built], tmp_path: Path
) -> None:
    """Its own seal is right, and the file that it was made from is mended by the time it is looked at."""
    subject = built("people").copy(tmp_path / "home")
    for path in subject.build.folder.glob("*-*/*"):
        if not path.parent.name.startswith(("setup", "generate")):
            path.unlink()
    (path,) = subject.build.folder.glob("generate-*/profiles-00000.arrow")
    content = path.read_bytes()
    with pa.OSFile(str(path)) as file, pa.ipc.open_file(file) as reader:
        batch = reader.get_batch(0)
    place = batch.schema.get_field_index("idade")  # of which vectors and embeddings are made
    ages = pa.array(batch.column(place).to_pylist()[::-1], batch.schema.field(place).type)
    changed = batch.set_column(place, batch.schema.field(place), ages)
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, batch.schema) as writer:
        writer.write_batch(changed)
    assert path.stat().st_size == len(content) and path.read_bytes() != content
    assert subject.run() == subject.published
