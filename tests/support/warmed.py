"""A process that has loaded what commands need, so that children forked from it begin at once.

Each saves one to two CPU seconds: of imports, of reading the schema, and of making the tables of its draws.
"""

import importlib

from synthprof.cli.main import PARTS
from synthprof.encoders.catalogue.meanings import meanings_of
from synthprof.encoders.reading.reader import reader_of
from synthprof.pipeline import STAGES
from synthprof.schemas.loader import load_bundle
from synthprof.spec.request import params_schema
from synthprof.spec.spec import Spec
from synthprof.system.startup import block_pandas

LOADED = (
    *("cli.main", *(f"cli.{part}" for part in PARTS)),
    *("report.bars", "report.console", "runner.log", "runner.plan", "runner.reindex"),
    *("runner.repair", "runner.request", "runner.run", "stages.summary", "versions.search"),
    *("versions.unfinished", "versions.verify"),
)
"""Modules that commands import where they need them."""


def warm() -> None:
    """Load all that, and use neither threads nor OpenMP, which children would miss."""
    block_pandas()
    for name in LOADED:
        importlib.import_module(f"synthprof.{name}")
    for kind in ("generate", "embed"):
        params_schema(kind)
    bundle = load_bundle("gamer_br")
    meanings_of(bundle)
    reader_of(bundle)
    for stage in STAGES:
        stage.prepare(Spec(), bundle)
