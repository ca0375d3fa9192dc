"""Have the readers of each form open exported folders by their cards, and print what they found.

python benchmarks/check_cards.py data/gamers/exports/parquet-0123456789ab ...

Needs mlcroissant, datasets and frictionless[json,parquet], best in an environment of their own. Exits with 1
if one refuses.
"""

import argparse
import json
import os
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

os.environ |= {"HF_HUB_OFFLINE": "1", "HF_DATASETS_DISABLE_PROGRESS_BARS": "1"}

import frictionless
import mlcroissant

import datasets


def by_croissant(folder: Path) -> str:
    """Return how many records of each record set mlcroissant loads, after an error if it refuses."""
    found = mlcroissant.Dataset(jsonld=str(folder / "croissant.json"))
    assert not found.metadata.ctx.issues.errors, found.metadata.ctx.issues.report()
    sets = found.metadata.record_sets
    counts = [f"{each.uuid} {sum(1 for _ in found.records(each.uuid))}" for each in sets]
    return f"{', '.join(counts)} records; {len(found.metadata.ctx.issues.warnings)} warnings"


def by_datasets(folder: Path) -> str:
    """Return the rows that `load_dataset` finds in each configuration of the data set card."""
    if "\nconfigs:" not in (folder / "README.md").read_text(encoding="utf-8"):
        return "no configuration: a format that it does not open"
    counts = []
    with tempfile.TemporaryDirectory() as cache:
        for name in datasets.get_dataset_config_names(str(folder)):
            rows = datasets.load_dataset(str(folder), name, split="train", cache_dir=cache)
            counts.append(f"{name} {rows.num_rows} rows, {len(rows.features)} columns, read {len(rows[0])}")
    return "; ".join(counts)


def by_frictionless(folder: Path) -> str:
    """Return the verdict on the data package and its resources, with every row of its tables."""
    os.chdir(folder)
    report = frictionless.Package("datapackage.json").validate()
    assert report.valid, report.flatten(["type", "note"])
    return f"valid: {', '.join(f'{task.name} {task.type}' for task in report.tasks)}"


READERS = {
    "croissant.json": ("mlcroissant", by_croissant),
    "README.md": ("datasets", by_datasets),
    "datapackage.json": ("frictionless", by_frictionless),
}


def main() -> int:
    """Check the folders; return 1 if a reader refuses one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="+", type=lambda text: Path(text).resolve())
    failed = 0
    print(" ".join(f"{name}-{version(name)}" for name, _ in READERS.values()))
    for folder in parser.parse_args().folders:
        form = json.loads((folder / "OUTPUT.json").read_text())["name"]
        for card, (reader, check) in READERS.items():
            if not (folder / card).exists():
                print(f"{form:16} {reader:13} no {card}")
                continue
            try:
                print(f"{form:16} {reader:13} {check(folder)}")
            except Exception as error:  # whatever the reader raises is its verdict
                failed = 1
                told = " ".join(f"{type(error).__name__}: {error}".split())
                print(f"{form:16} {reader:13} FAILED: {told[:300]}")
    return failed


if __name__ == "__main__":
    sys.exit(main())
