"""Exports killed at any moment, and on a full disk: nothing half is visible, and the end is the same."""

import os
import random
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from harness import DATASET, kill, mounted, needs_root, note

from synthprof.base.files import matches
from synthprof.store.outputs import outputs, read_output

EXPORT = """
import sys
from pathlib import Path
from synthprof.delivery.exports import parts
from synthprof.delivery.exports.job import export
from synthprof.delivery.exports.order import Order
from synthprof.report.ending import ended
from synthprof.store import outputs

outputs.CHECKPOINT_BYTES = 1 << 20
parts.GROUP_BYTES, parts.GROUPS = 1, 1
order = Order.from_params({"dataset": sys.argv[2], "format": sys.argv[3]})
sys.exit(ended(lambda: export(Path(sys.argv[1]), order) and 0, as_json=False))
"""
"""An export with a checkpoint after each block, and a file of each."""


@dataclass(frozen=True)
class Exports:
    """Exports in one format below one data root."""

    home: Path
    form: str

    @property
    def folder(self) -> Path:
        return self.home / DATASET / "exports"

    def start(self) -> "subprocess.Popen[str]":
        words = [sys.executable, "-W", "ignore", "-c", EXPORT, str(self.home), DATASET, self.form]
        environment = os.environ | {"NO_COLOR": "1", "COLUMNS": "1000"}
        pipe = subprocess.PIPE
        return subprocess.Popen(words, stdout=pipe, stderr=pipe, text=True, env=environment)

    def finish(self) -> str:
        """The errors of an undisturbed export; empty if it succeeded."""
        process = self.start()
        errors = process.communicate(timeout=240)[1]
        return errors if process.returncode else ""

    def found(self) -> dict[str, str]:
        """The SHA-256 of each file of the one export that is finished, by name."""
        ((_, output),) = outputs(self.folder)
        return {file.path: file.sha256 for file in output.files}

    def wrong(self) -> list[str]:
        """Faults that a reader could see: all that is not whole."""
        found = []
        for folder in self.folder.glob("[!.]*"):
            files = read_output(folder).files
            found += [f"{file.path} is damaged" for file in files if not matches(folder, file)]
        return found

    def kills(self, chance: random.Random, wanted: int) -> list[str]:
        """Losses by so many kills, each at a random moment; the end is compared after each export."""
        shutil.rmtree(self.folder, ignore_errors=True)
        began = time.monotonic()
        lost = [error] if (error := self.finish()) else []
        seconds, reference, done = time.monotonic() - began, self.found(), 0
        shutil.rmtree(self.folder)
        while done < wanted:
            process = self.start()
            try:
                process.communicate(timeout=chance.uniform(0.3 * seconds, seconds))
            except subprocess.TimeoutExpired:
                kill(process)
                done, lost = done + 1, lost + self.wrong()
                continue
            lost += self._ended(reference)
        return lost + self._ended(reference)

    def _ended(self, reference: dict[str, str]) -> list[str]:
        error = self.finish()
        lost = [error] if error else [] if self.found() == reference else ["other bytes"]
        left = [str(path) for path in self.folder.rglob(".tmp-*")]
        shutil.rmtree(self.folder)
        return lost + left


FORMS = ["csv", *(pytest.param(form, marks=pytest.mark.long) for form in ("parquet", "u8bin"))]
"""A file that grows, whole files, and both."""


@pytest.fixture(scope="module")
def home(reference: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data root with one version."""
    return Path(reference.copy(tmp_path_factory.mktemp("exports") / "home").home)


@pytest.mark.parametrize(
    "form",
    FORMS,
)
@pytest.mark.parametrize("kills", [2, pytest.param(50, marks=pytest.mark.faults_full)])
@pytest.mark.timeout(1800)
def test_kills_of_an_export_cost_nothing(home: Path, form: str, kills: int) -> None:
    lost = Exports(home, form).kills(random.Random(kills), kills)
    note(f"SIGKILL of an export at a random moment, {form}", kills, lost)


@needs_root
@pytest.mark.parametrize("form", ["csv", pytest.param("parquet", marks=pytest.mark.long)])
def test_an_export_on_a_full_disk_goes_on_when_there_is_room(home: Path, form: str) -> None:
    subject = Exports(home, form)
    with mounted("-t", "tmpfs", "-o", "size=5m", source="none", at=subject.folder) as disk:
        errors = subject.finish()
        assert "No space left on device; free some space" in errors.replace("\nhint: ", "; ")
        assert "Traceback" not in errors
        assert outputs(disk) == []
        subprocess.run(["mount", "-o", "remount,size=200m", str(disk)], check=True)
        assert subject.finish() == ""
        assert subject.wrong() == []
