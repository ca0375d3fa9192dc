"""Schemas, odds and tables of an earlier process are those that this one would make."""

import subprocess
import sys
from pathlib import Path

import pytest

from synthprof.base.kept import CACHE

SCRIPT = """
import hashlib, sys
from synthprof.base import kept
from synthprof.profiles.children import generate_family
from synthprof.profiles import margins, shares, tables
from synthprof.schemas import reading
from synthprof.spec.spec import Spec
from synthprof.stages import generate
from synthprof.store.schemas import bundle_at, schema_of

spec = Spec(profile_schema=sys.argv[1], seed=7)
if sys.argv[2] == "found":
    def refuse(*_): raise AssertionError("made again")
    reading.read_bundle = margins.raked.__wrapped__ = tables._seedless.__wrapped__ = refuse
    shares.expected_shares.__wrapped__ = refuse
bundle = bundle_at(None, spec.profile_schema, "")
generate.prepare(spec, bundle)
schema = schema_of(spec, bundle)
family = generate_family(schema, 7, spec.locale, spec.separation, 0, 500)
digest = hashlib.sha256(family.generated.profiles.serialize())
for children in family.tables.values():
    digest.update(children.serialize())
print(digest.hexdigest(), bundle.digest, bundle.drawn_digest, bundle.rules_digest)
"""


@pytest.mark.parametrize("schema", ["gamer_br", "customer_us", "patient"])
def test_what_an_earlier_process_has_made_gives_the_same_rows(schema: str, tmp_path: Path) -> None:
    said = []
    for cache, which in (("", "made"), (tmp_path, "made"), (tmp_path, "found")):
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT, schema, which],
            env={CACHE: str(cache), "PATH": ""},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        said.append(done.stdout)
    assert said[0] == said[1] == said[2]
