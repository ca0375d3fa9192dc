"""The explorer alone, as `synthprof serve` runs it: its token, its names, its beginning and its end."""

import os
import re
import signal
import socket
import subprocess
import sys
from urllib.parse import urlsplit

import psutil
import pytest
from commands import call
from explorers import ONE, TestClient, alone, requests_of
from place import hear_ctrl_c, until
from starlette.responses import Response

from synthprof.base.errors import SpecError
from synthprof.explorer.server.middleware import only_local_hosts
from synthprof.explorer.server.serve import standalone_app


def test_alone_every_route_asks_for_the_token(home):
    token = "a-token-of-enough-characters"
    with alone(home, token) as client:
        for method, path, body in requests_of(client.app):
            for given in (None, "Bearer wrong", "Basic !", "Basic é", "Basic /w==", "Bearer", "Digest x"):
                headers = {} if given is None else {"authorization": given.encode()}
                assert client.request(method, path, json=body, headers=headers).status_code == 401, path
        assert client.get("/api/datasets", headers={"authorization": f"Bearer {token}"}).status_code == 200
        assert client.get("/api/datasets", auth=("anybody", token)).status_code == 200
        assert client.post(f"{ONE}/verify", json={}, auth=("anybody", token)).status_code == 409


@pytest.mark.parametrize(("host", "token"), [("0.0.0.0", None), ("192.0.2.1", None), ("127.0.0.1", "short")])
def test_alone_it_does_not_listen_for_others_without_a_good_token(home, host, token):
    with pytest.raises(SpecError, match="SYNTHPROF_TOKEN"):
        standalone_app(home, host, token)


@pytest.mark.parametrize("token", ["segredo-de-São-Paulo", "secret-with-a\nline-feed"])
def test_a_token_that_no_header_can_carry_is_refused_at_the_start(home, token):
    with pytest.raises(SpecError, match="ASCII") as refusal:
        standalone_app(home, "127.0.0.1", token)
    assert token not in str(refusal.value)


@pytest.mark.parametrize("name", ["127.0.0.2", "localhost", "localhost."])
def test_alone_it_answers_to_the_address_that_it_listens_on(home, name):
    with TestClient(standalone_app(home, "127.0.0.2", None), base_url=f"http://{name}:8090") as client:
        assert client.get("/static/icon.svg").status_code == 200


@pytest.mark.parametrize(
    ("host", "origin", "status"),
    [
        ("127.0.0.1:8090", None, 200),
        ("LOCALHOST:8090", "http://localhost:8090", 200),
        ("[::1]:8090", None, 200),
        ("evil.example", None, 400),
        ("evil.example", "http://evil.example", 400),
        ("127.0.0.1.evil.example", None, 400),
        ("127.0.0.1@evil.example", None, 400),
        ("localhost:8090:80", None, 400),
        ("[::1", None, 400),
        ("", None, 400),
        ("127.0.0.1:8090", "http://localhost:8090", 403),
        ("127.0.0.1:8090", "http://127.0.0.1:3000", 403),
        ("127.0.0.1:8090", "null", 403),
    ],
)
def test_a_server_without_login_answers_its_own_pages_under_its_own_names(home, host, origin, status):
    """The same middleware lies around all of the Airflow that `make ui` starts."""
    asked = {"host": host} | ({} if origin is None else {"origin": origin})
    for app in (standalone_app(home, "127.0.0.1", None), only_local_hosts(Response(b""))):
        assert TestClient(app).get("/static/icon.svg", headers=asked).status_code == status


@pytest.mark.parametrize("text", ["30s", "0", "nan", "inf"])
def test_a_limit_that_is_no_time_is_refused_in_one_sentence(text):
    done = call(["serve"], 60, SYNTHPROF_EXPLORER_SECONDS=text, COLUMNS="200")
    assert f"SYNTHPROF_EXPLORER_SECONDS={text} is not a time" in done.stderr
    assert "Traceback" not in done.stderr


def test_serve_of_an_empty_data_root_names_the_command_that_fills_it(tmp_path):
    command = [sys.executable, "-m", "synthprof", "serve", "--port", "0"]
    environment = os.environ | {"SYNTHPROF_HOME": str(tmp_path), "COLUMNS": "400"}
    with subprocess.Popen(
        command, env=environment, text=True, stdout=subprocess.PIPE, preexec_fn=hear_ctrl_c
    ) as server:
        told = [server.stdout.readline() for _ in range(3)]
        assert told[1:] == [
            f"Nothing is published in {tmp_path} yet.\n",
            "hint: make a data set with: synthprof run\n",
        ]
        server.send_signal(signal.SIGINT)
        assert server.wait(60) == 130
        assert server.stdout.read().endswith("The explorer has ended.\n")


def test_serve_answers_this_machine_only_and_leaves_nothing_behind(home):
    command = [sys.executable, "-m", "synthprof", "serve", "--port", "0"]
    environment = os.environ | {"SYNTHPROF_HOME": str(home), "COLUMNS": "200", "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(command, env=environment, text=True, stdout=subprocess.PIPE) as server:
        url = re.search(r"http://127[^;]*/", server.stdout.readline())[0]
        import httpx

        with httpx.Client(base_url=url, timeout=60) as caller:
            assert caller.get("api/datasets").status_code == 200
            assert caller.get("api/datasets", headers={"host": "elsewhere.example"}).status_code == 400
        (worker,) = psutil.Process(server.pid).children(recursive=True)
        server.kill()
    until(lambda: not worker.is_running() or worker.status() == psutil.STATUS_ZOMBIE, 60, "the worker's end")


def test_ctrl_c_while_an_answer_is_waited_for_ends_serve_soon_and_without_noise(home):
    command = [sys.executable, "-m", "synthprof", "serve", "--port", "0"]
    environment = os.environ | {"SYNTHPROF_HOME": str(home), "COLUMNS": "200", "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        command,
        env=environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=hear_ctrl_c,
        process_group=0,
    ) as server:
        address = urlsplit(re.search(r"http://127[^;]*/", server.stdout.readline())[0])
        with socket.create_connection((address.hostname, address.port)) as caller:
            caller.sendall(b"GET /api/datasets HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n")

            def alone() -> bool:
                return any(os.getpgid(each.pid) == each.pid for each in psutil.Process(server.pid).children())

            until(alone, 60, "a worker that Ctrl-C does not reach")
            os.killpg(server.pid, signal.SIGINT)  # as a terminal does: while the worker starts
            assert server.wait(20) == 130
        assert server.stderr.read() == ""
