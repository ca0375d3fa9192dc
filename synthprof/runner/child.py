"""One stage as a process of its own, which an Airflow task starts.

`python -m synthprof.runner.child STAGE --params JSON [--shard FIRST:END]` runs it and reports by the
events of `synthprof.system.events`.
"""

import argparse
import json
import os
import time
from collections.abc import Sequence
from typing import Any

from synthprof.base.units import MIB
from synthprof.system.child import as_child
from synthprof.system.environment import RUN_ID, home_folder
from synthprof.system.events import ProgressEvents, ReceiptWritten, Result, emit, log_events
from synthprof.system.startup import leave


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one stage as a child process; returns its exit status."""
    parser = argparse.ArgumentParser(prog="python -m synthprof.runner.child", description=__doc__)
    parser.add_argument("stage", help="the name of the stage")
    parser.add_argument("--params", default="{}", help="the parameters as a JSON object")
    parser.add_argument("--shard", help="first block and end, as 0:16")
    options = parser.parse_args(arguments)
    return as_child(lambda: _report_stage(options.stage, json.loads(options.params), options.shard))


def _report_stage(name: str, params: dict[str, Any], shard: str | None) -> None:
    from synthprof.runner.run import run_stage  # loads much, so not before `as_child` has prepared for it
    from synthprof.spec.request import Request
    from synthprof.spec.shards import Shard

    request = Request.from_params(params)
    log_events(detailed=request.runtime.detailed_logging, receipts=False)
    part = Shard.of(shard) if shard is not None else None
    run_id = os.environ.get(RUN_ID, "")
    began = time.time()
    receipt = run_stage(request, name, part, home_folder(), ProgressEvents(), run_id=run_id)
    facts = receipt.model_dump(mode="json", exclude={"files", "details"})
    more = {"peak_memory_mib": receipt.peak_memory / MIB, "bytes_written": receipt.bytes_written}
    kept = receipt.pid != os.getpid() or (receipt.began or 0.0) < began
    emit(ReceiptWritten(receipt.kept_line if kept else receipt.line, facts | more | {"kept": kept}))
    emit(Result(receipt.details))


if __name__ == "__main__":
    leave(main())
