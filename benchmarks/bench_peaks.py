"""The growth of processes with the rows: the peak of any process, stage by stage, at two sizes.

    python benchmarks/bench_peaks.py                   1,000,000 and 3,000,000 profiles, by `synthprof run`
    python benchmarks/bench_peaks.py 50000 150000

The peaks are those that receipts tell (VmHWM, the larger of the process and its workers). Raw results:
benchmarks/results/peaks.json.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from synthprof.base.units import MIB
from synthprof.spec.request import Request
from synthprof.store.receipts import Receipt, read_receipt
from synthprof.store.store import Store
from synthprof.versions.version import open_version

RESULTS = Path(__file__).parent / "results" / "peaks.json"
EXCEPTED = "export_index"
"""Holds the index, which grows with the rows, as it must."""


def main() -> None:
    """Run both sizes, print and keep the peaks and their growth."""
    few, many = (int(word) for word in sys.argv[1:] or (1_000_000, 3_000_000))
    peaks = {rows: _peaks(rows) for rows in (few, many)}
    growth = {name: peaks[many][name] / peaks[few][name] - 1 for name in peaks[few]}
    for name, more in growth.items():
        print(f"{name:14} {peaks[few][name]:6.0f} MiB {peaks[many][name]:6.0f} MiB {more:+7.1%}")
    most = {rows: max(mib for name, mib in of.items() if name != EXCEPTED) for rows, of in peaks.items()}
    print(f"any but {EXCEPTED}: {most[few]:.0f} and {most[many]:.0f} MiB, {most[many] / most[few] - 1:+.1%}")
    RESULTS.write_text(json.dumps({"cores": os.cpu_count(), "peaks_mib": peaks}, indent=1) + "\n")


def _peaks(rows: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as home:
        subprocess.run(
            [sys.executable, "-m", "synthprof", "run", "--profiles", str(rows)],
            env=os.environ | {"SYNTHPROF_HOME": home},
            stdout=subprocess.DEVNULL,
            check=True,
        )
        receipts = [*open_version(Path(home), "gamers").manifest.stages, _of_publishing(Path(home), rows)]
        return {receipt.stage: round(receipt.peak_memory / MIB, 1) for receipt in receipts}


def _of_publishing(home: Path, rows: int) -> Receipt:
    """Return the receipt of publishing, which no manifest can hold, as it is written after it."""
    spec = Request.from_params({"profiles": rows}).spec
    folder = Store(home, "gamers").build(spec).stage_folder("publish")
    receipt = read_receipt(folder, None)
    assert receipt, folder
    return receipt


if __name__ == "__main__":
    main()
