"""Models as open_clip saves them: refused in words without weights or library, else as the library's."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from synthprof.base.errors import SpecError
from synthprof.base.extras import is_installed
from synthprof.encoders.slow.clip import check_clip
from synthprof.encoders.slow.open_clip_towers import preparation_of
from synthprof.encoders.slow.preparation import Preparation

ROOT = Path(__file__).parents[3]
PYTHON = ROOT / ".venv-open-clip" / "bin" / "python"  # where `make open-clip` puts it
CONFIG = "open_clip_config.json"
HALF = (0.5, 0.5, 0.5)


def test_a_folder_without_weights_is_refused_by_their_names(tmp_path: Path) -> None:
    (tmp_path / CONFIG).write_text("{}")
    with pytest.raises(
        SpecError, match=r"neither open_clip_model.safetensors nor open_clip_pytorch_model.bin"
    ):
        check_clip(str(tmp_path))


@pytest.mark.skipif(is_installed("open_clip"), reason="open_clip is installed")
def test_without_the_library_the_command_that_installs_it_is_told(tmp_path: Path) -> None:
    (tmp_path / CONFIG).write_text("{}")
    (tmp_path / "open_clip_model.safetensors").write_bytes(b"weights")
    with pytest.raises(SpecError, match=r'open_clip is not installed; pip install "synthprof\[open-clip\]"'):
        check_clip(str(tmp_path))


def test_pictures_are_prepared_as_the_configuration_says() -> None:
    told = {"size": (32, 24), "mean": HALF, "std": HALF, "interpolation": "bilinear", "resize_mode": "squash"}
    assert preparation_of(told) == Preparation((24, 32), 0, 2, mean=HALF, deviation=HALF)
    square = told | {"size": 32, "resize_mode": "shortest"}
    assert preparation_of(square) == Preparation((32, 32), 32, 2, mean=HALF, deviation=HALF)
    for odd in ({"resize_mode": "longest"}, {"resize_mode": "shortest"}, {"interpolation": "random"}):
        with pytest.raises(SpecError, match="which is not known here; export it to ONNX"):
            preparation_of(told | odd)


@pytest.mark.skipif(not PYTHON.exists(), reason="`make open-clip` installs open_clip")
def test_vectors_are_those_of_the_library_and_what_is_no_model_is_refused(tmp_path: Path) -> None:
    script = ROOT / "tests" / "support" / "open_clip_models.py"
    environment = os.environ | {"HF_HUB_OFFLINE": "1", "PYTHONPATH": ""}
    words = [str(PYTHON), "-W", "ignore", str(script), str(tmp_path)]
    done = subprocess.run(words, capture_output=True, text=True, env=environment, timeout=280)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    for way in ("shortest", "squash"):
        assert max(found[way]["apart"]) < 1e-5, found
        assert min(found[way]["spread"]) > 1e-3, "random weights tell pictures and texts apart"
        assert found[way]["same_bytes"]
    assert "resize_mode=longest" in found["refused"]["longest"]
    assert "broken cannot be loaded" in found["refused"]["broken"]
    assert "code cannot be loaded" in found["refused"]["code"]
    shutil.rmtree(tmp_path)
