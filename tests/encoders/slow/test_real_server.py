"""A real server with OpenAI's protocol: infinity-emb, whose `debugengine` needs no weights.

Its engine gives each text a vector of 13 times its length, so after normalisation all are the same; what is
tested is that the two programs understand each other.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np
import pytest

from synthprof.base.errors import SpecError
from synthprof.encoders.slow.http import HttpEncoder, endpoint_of
from synthprof.runner.run import run_stage
from synthprof.spec.request import Request
from synthprof.spec.shards import Shard

HERE = Path(__file__).parents[3] / ".venv-infinity" / "bin"  # where `make infinity` puts it
COMMAND = os.environ.get("SYNTHPROF_INFINITY") or shutil.which(
    "infinity_emb",
    path=os.pathsep.join(map(str, (HERE, Path(sys.executable).parent, os.environ.get("PATH")))),
)
MODEL = "michaelfeil/bge-small-en-v1.5"
DIM = 13

pytestmark = [
    pytest.mark.real_server,
    pytest.mark.skipif(
        COMMAND is None,
        reason="no infinity-emb[server]: `make infinity` installs it, SYNTHPROF_INFINITY may name another",
    ),
]


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    words = ["v2", "--engine", "debugengine", "--model-id", MODEL, "--no-model-warmup", "--api-key", "k"]
    command = [str(COMMAND), *words, "--host", "127.0.0.1", "--port", str(port), "--url-prefix", "/v1"]
    log = tmp_path_factory.mktemp("infinity") / "log"
    environment = os.environ | {"DO_NOT_TRACK": "1", "HF_HUB_OFFLINE": "1"}
    with (
        log.open("wb") as file,
        subprocess.Popen(command, env=environment, stdout=file, stderr=file) as server,
    ):
        try:
            _wait_for(f"http://127.0.0.1:{port}/health", server, log)
            yield f"http://127.0.0.1:{port}/v1"
        finally:
            server.send_signal(signal.SIGINT)
            try:
                server.wait(10)
            except subprocess.TimeoutExpired:
                server.kill()


def _wait_for(url: str, server: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        assert server.poll() is None, log.read_text()
        try:
            if httpx.get(url, timeout=2).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.2)
    raise AssertionError(log.read_text())


def test_profiles_are_embedded_by_a_real_server(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SYNTHPROF_EMBEDDINGS_URL", address)
    monkeypatch.setenv("SYNTHPROF_EMBEDDINGS_KEY", "k")
    params = {"profiles": 500, "dim_embedding": DIM, "encoder": "http", "model": MODEL, "workers": 1}
    request = Request.from_params(params)
    for name in ("setup", "generate", "vectorize"):
        receipt = run_stage(request, name, None if name == "setup" else Shard(0, 1), tmp_path)
    assert (receipt.rows, receipt.rejected) == (500, 0)
    embeddings = np.load(next(tmp_path.rglob("embeddings-00000.npy")))
    np.testing.assert_allclose(embeddings, DIM**-0.5, atol=1e-6)


def test_a_real_server_refuses_another_key_and_is_told_apart_from_another_width(address: str) -> None:
    for key, dim, message in (
        ("x", DIM, "refuses the key"),
        ("k", DIM + 8, f"gives {DIM} values, but dim_embedding={DIM + 8}"),
    ):
        environment = {"SYNTHPROF_EMBEDDINGS_URL": address, "SYNTHPROF_EMBEDDINGS_KEY": key}
        with (
            HttpEncoder(endpoint_of(environment, 20), MODEL, dim) as service,
            pytest.raises(SpecError, match=message),
        ):
            service.check()


def test_a_real_server_is_asked_for_fewer_values_which_it_cuts(address: str) -> None:
    environment = {"SYNTHPROF_EMBEDDINGS_URL": address, "SYNTHPROF_EMBEDDINGS_KEY": "k"}
    with HttpEncoder(endpoint_of(environment, 20), MODEL, 8) as service:
        service.check()
        (found,) = service.ask_once(["a"])
    assert found.shape == (8,)
