"""The F1 of record linkage by the dials of second records: predicted, and by tools from PyPI; and their cost.

    python benchmarks/bench_duplicates.py --linker /tmp/link/bin/python --output results.txt

--linker: the Python of an environment with the tools, which benchmarks/link_records.py names. Without it only
the cost is measured: processor time of blocks with half of the rows second records, beside blocks without.
"""

import argparse
import json
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from synthprof.profiles.drawing import Generated, generate
from synthprof.report.counted_duplicates import counted_duplicates
from synthprof.schemas.duplicates import with_duplicates
from synthprof.schemas.loader import load_bundle
from synthprof.schemas.schema import Schema
from synthprof.spec.spec import BLOCK_ROWS

SETTINGS = (
    *(("gamer_br", 0.2, errors) for errors in (0.5, 1.0, 1.5, 2.0)),
    ("gamer_br", 0.4, 1.0),
    *((schema, 0.2, errors) for schema in ("customer_us", "patient") for errors in (1.0, 2.0)),
)

ROUNDS = 4

SEED = 11


def main() -> None:
    """Measure, and print or write the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--linker", type=Path)
    parser.add_argument("--rows", type=int, default=16_384)
    parser.add_argument("--tools", nargs="*", default=["splink", "splink_labels", "recordlinkage"])
    parser.add_argument("--output", type=Path)
    given = parser.parse_args()
    lines = list(_cost())
    if given.linker:
        lines += ["", f"F1 of pairs, {given.rows:,} rows, seed {SEED}; best threshold / the tool's own", ""]
        heads = "".join(f"{tool:>28}" for tool in given.tools)
        lines += [f"{'schema':12}{'share':>6}{'errors':>7}{'predicted':>10}{heads}"]
        for setting in SETTINGS:
            lines.append(_linked(*setting, given.rows, given.linker, given.tools))
            print(lines[-1], flush=True)
    text = "\n".join(lines) + "\n"
    print(text)
    if given.output:
        given.output.write_text(text)


def _cost() -> list[str]:
    lines = ["Processor time of blocks, the best of rounds by turns", ""]
    for name in ("gamer_br", "customer_us", "patient"):
        schemas = [_schema(name, share, 2.0) for share in (0.0, 0.5)]
        times: list[list[float]] = [[], []]
        for number in range(ROUNDS + 1):
            for place, schema in enumerate(schemas):
                began = time.process_time()
                generate(schema, SEED, "pt_BR", 0.8, number)
                times[place].append(time.process_time() - began)
        plain, repeated = (min(each[1:]) for each in times)
        rate = BLOCK_ROWS / 2 / repeated
        added = BLOCK_ROWS / 2 / max(repeated - plain, 1e-9)
        lines.append(
            f"{name:12} without {BLOCK_ROWS / plain:9,.0f} rows/s, half second records "
            f"{BLOCK_ROWS / repeated:9,.0f} rows/s ({plain / repeated:.2f} of it); second records "
            f"{rate:9,.0f}/s, by what they add {added:9,.0f}/s"
        )
    return lines


def _schema(name: str, share: float, errors: float) -> Schema:
    bundle = load_bundle(name)
    return with_duplicates(bundle.schema, bundle.errors, share, errors)


def _linked(name: str, share: float, errors: float, rows: int, linker: Path, tools: list[str]) -> str:
    schema = _schema(name, share, errors)
    blocks = range(-(-rows // BLOCK_ROWS))
    made = [
        generate(schema, SEED, "pt_BR", 0.8, block, min(BLOCK_ROWS, rows - block * BLOCK_ROWS))
        for block in blocks
    ]
    profiles, truth = [each.profiles for each in made], [each.duplicates for each in made]
    facts = counted_duplicates(schema, rows, truth, profiles)
    cells = [f"{name:12}{share:6}{errors:7}{facts.f1:10.4f}"]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.parquet"
        _write(path, schema, facts.compared, made)
        for tool in tools:
            command = [linker, Path(__file__).with_name("link_records.py"), path, tool]
            found = json.loads(
                subprocess.run(command, check=True, capture_output=True).stdout.splitlines()[-1]
            )
            gap = found["f1"] - facts.f1
            cells.append(f"{found['f1']:10.4f} ({gap:+.4f}) /{found['own_f1']:7.4f}")
    return "".join(cells)


def _write(path: Path, schema: Schema, names: tuple[str, ...], made: list[Generated]) -> None:
    """Write the columns to compare, and who each row is, for the tools."""
    table = pa.Table.from_batches([each.profiles for each in made])
    person = np.arange(1, table.num_rows + 1)
    for each in made:
        assert each.duplicates is not None
        person[each.duplicates["id"].to_numpy() - 1] = each.duplicates["original_id"].to_numpy()
    kinds = {}
    for name in names:
        column = schema.column(name)
        free = column.kind == "text" and not column.values
        kinds[name] = "text" if free else "digits" if column.kind in ("integer", "date") else ""
    texts = [table[name].cast(pa.string()).combine_chunks() for name in names]
    found = pa.table([table["id"], *texts, pa.array(person)], names=["id", *names, "person"])
    pq.write_table(found.replace_schema_metadata({"kinds": json.dumps(kinds)}), path)


if __name__ == "__main__":
    main()
