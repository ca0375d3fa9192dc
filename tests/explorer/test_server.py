"""Who may ask the explorer, alone and inside Airflow's own app, how much, and what its server bears."""

import asyncio
import json
import os
import re
import resource
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import psutil
import pytest
import uvicorn
from commands import call
from explorers import (
    DATASET,
    ONE,
    OPERATOR,
    ROWS,
    VIEWER,
    TestClient,
    alone,
    answer,
    inside_airflow,
    served,
    two_versions,
)
from once import made_once
from place import hear_ctrl_c, until
from starlette.responses import Response
from starlette.websockets import WebSocketDisconnect
from uvicorn.server import ServerState

from synthprof.base.errors import SpecError
from synthprof.explorer.server import connections, process
from synthprof.explorer.server.connections import BoundedProtocol
from synthprof.explorer.server.middleware import only_local_hosts
from synthprof.explorer.server.serve import standalone_app
from synthprof.explorer.wire import LIMITS
from synthprof.orchestration.local.home import PROJECT
from synthprof.spec.limits import MAX_CHARACTERS, MAX_CONDITIONS, MAX_TEXT
from synthprof.versions.search import search_text
from synthprof.versions.searcher import Query, open_searcher
from synthprof.versions.version import open_version

TEXT = "joga RPG de madrugada no PC"


@pytest.fixture(autouse=True)
def patient(monkeypatch):
    """Others may hold the machine: a test may wait longer than a reader."""
    monkeypatch.setattr(process, "ANSWER_SECONDS", 300)


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Path:
    return made_once(tmp_path_factory, two_versions)


@pytest.fixture(scope="module")
def client(home):
    with alone(home) as client:
        yield client


# --- bounds ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (f"{ONE}/search?text=", 422),
        (f"{ONE}/search?text={'a' * 2001}", 422),
        (f"{ONE}/search?text=RPG&k=0", 422),
        (f"{ONE}/search?text=RPG&k=101", 422),
        (f"{ONE}/search?text=RPG&where=salario>1", 422),
        (f"{ONE}/search?text=RPG" + "&where=idade>1" * 21, 422),
        (f"{ONE}/map?points=100001", 422),
        (f"{ONE}/map?colour=nome", 422),
        (f"{ONE}/profiles/0", 422),
        (f"{ONE}/profiles/{ROWS + 1}", 404),
        (f"{ONE}/similar/{ROWS + 1}", 404),
        ("/api/datasets/nobody/versions/current", 404),
        (f"/api/datasets/{DATASET}/versions/000000000000", 404),
        ("/api/datasets/..%2f..%2fetc/versions/current", 404),
        ("/api/datasets/nobody/progress", 404),
        ("/static/..%2fapp.py", 404),
        ("/static/nothing.js", 404),
    ],
)
def test_what_breaks_a_rule_is_refused_in_one_sentence(client, path, status):
    response = client.get(path)
    assert response.status_code == status, response.text
    assert "\n" not in response.json()["detail"]


def test_more_searches_than_may_wait_are_refused_at_once(client):
    answer(client, f"{ONE}/search?text=RPG")
    worker = client.app.state.worker
    most = LIMITS["search"].waiting
    os.kill(worker.pid, signal.SIGSTOP)
    with ThreadPoolExecutor(most + 1) as callers:
        asked = [callers.submit(client.get, f"{ONE}/search?text=RPG") for _ in range(most + 1)]
        until(lambda: any(each.done() for each in asked), 60, "a refusal")
        os.kill(worker.pid, signal.SIGCONT)
        assert Counter(each.result().status_code for each in asked) == {200: most, 429: 1}


def test_who_waits_too_long_is_told_and_a_hanging_process_is_replaced(client, monkeypatch):
    answer(client, f"{ONE}/search?text=RPG")
    worker = client.app.state.worker
    hanging = worker.pid
    monkeypatch.setattr(process, "ANSWER_SECONDS", 0.2)
    monkeypatch.setattr(process, "GRACE_SECONDS", 0.2)
    os.kill(hanging, signal.SIGSTOP)
    assert client.get(f"{ONE}/search?text=RPG").status_code == 504
    until(lambda: not psutil.pid_exists(hanging), 60, "the end of the hanging process")
    monkeypatch.setattr(process, "ANSWER_SECONDS", 300)
    answer(client, f"{ONE}/search?text=RPG")


TRACER = """
import ctypes, os, sys
SEIZE = 0x4206  # linux/ptrace.h
ptrace = ctypes.CDLL(None, use_errno=True).ptrace
ptrace.argtypes = [ctypes.c_long] * 4
print(os.strerror(ctypes.get_errno()) if ptrace(SEIZE, int(sys.argv[1]), 0, 0) else "holds", flush=True)
sys.stdin.readline()
"""


@contextmanager
def held(pid: int) -> Iterator[subprocess.Popen[str]]:
    """A process that keeps another from being gone when it is killed, as a hanging file server does."""
    with subprocess.Popen(
        [sys.executable, "-c", TRACER, str(pid)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as tracer:
        try:
            if (said := tracer.stdout.readline().strip()) != "holds":
                pytest.skip(f"this machine lets no process trace another: {said}")
            yield tracer
        finally:
            tracer.kill()


def test_a_killed_process_that_does_not_go_holds_up_nobody_and_has_no_successor_yet(client):
    answer(client, "/api/datasets")
    worker = client.app.state.worker
    with held(worker.pid) as holder:
        until_it_is_let_go = threading.Timer(20, holder.kill)  # else a server that waits would wait for ever
        until_it_is_let_go.start()
        os.kill(worker.pid, signal.SIGKILL)
        assert client.get("/api/datasets").status_code == 503
        assert client.get("/static/docs.css").status_code == 200
        assert holder.poll() is None, "the server waited for its process"
        until_it_is_let_go.cancel()
    until(lambda: client.get("/api/datasets").status_code == 200, 60, "an answer")


def test_a_killed_process_is_started_again(client):
    answer(client, "/api/datasets")
    worker = client.app.state.worker
    killed = worker.pid
    os.kill(killed, signal.SIGKILL)
    until(lambda: client.get("/api/datasets").status_code == 200, 60, "an answer")
    assert worker.pid != killed


def test_the_process_is_told_no_secret_of_the_server(home, monkeypatch):
    for name in ("AIRFLOW__CORE__FERNET_KEY", "AIRFLOW_CONN_STORE", "SYNTHPROF_TOKEN", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with alone(home) as client:
        answer(client, "/api/datasets")
        told = psutil.Process(client.app.state.worker.pid).environ()
    assert not [name for name in told if name.startswith("AIRFLOW") or name == "SYNTHPROF_TOKEN"]
    assert told["HTTPS_PROXY"] == "http://127.0.0.1:9"
    assert told["SYNTHPROF_HOME"] == str(home)


def test_an_exact_search_ends_when_nobody_waits_any_longer(home):
    def give_up() -> None:
        raise TimeoutError

    with pytest.raises(TimeoutError):
        search_text(open_searcher(open_version(home, DATASET)), TEXT, Query(exact=True, check=give_up))


# --- who may ---------------------------------------------------------------------------------------------


def _requests(app, prefix: str = ""):
    """A good request for every route that there is."""
    values = {
        "dataset": DATASET,
        "version": "current",
        "id": "1",
        "name": "docs.css",
        "measurement": "m",
        "dag_id": "d",
        "run_id": "r",
        "table": "sessions",
    }
    queries = {"search": "?text=RPG", "compare": "?left=current&right=current"}
    for route in app.routes:
        path = re.sub(r"\{(\w+)\}", lambda found: values[found[1]], route.path)
        body = {} if "POST" in route.methods else None
        for method in sorted(route.methods - {"HEAD"}):
            yield method, f"{prefix}{path}{queries.get(path.rpartition('/')[2], '')}", body


@pytest.fixture(scope="module")
def airflow_app(home):
    with inside_airflow(home) as found:
        yield found


def test_every_route_in_airflow_needs_a_user_and_work_needs_the_right_to_trigger(airflow_app):
    client, users = airflow_app
    (mount,) = (route for route in client.app.routes if getattr(route, "path", "") == "/synthprof")
    requests = list(_requests(mount.app.app, "/synthprof"))
    assert {method for method, _, _ in requests} == {"GET", "POST"}
    assert len(requests) >= 18
    for method, path, body in requests:
        for as_whom, refused in ((None, {401}), (VIEWER, {403}), (OPERATOR, set())):
            status = client.request(method, path, json=body, headers=users[as_whom]).status_code
            if as_whom is not None and path.endswith("/similar") and method == "POST":
                assert status == 422, (as_whom, method, path)  # a question in a body, here without a picture
                continue
            if as_whom is None or (as_whom == VIEWER and method == "POST"):
                assert status in refused, (as_whom, method, path)
            elif method == "POST" or re.search("/(runs|tables|picture)/", path):  # there is no such thing
                assert status == 404, (as_whom, method, path)
            elif path.endswith("/thumbnail"):  # profiles are no pictures
                assert status == 422, (as_whom, method, path)
            else:
                assert status == 200, (as_whom, method, path)


@pytest.mark.parametrize(
    "path", ["/synthprof/nothing", "/synthprof/static/x", "/synthprof/api", "/synthprof//"]
)
def test_paths_that_are_no_route_need_a_user_too(airflow_app, path):
    client, users = airflow_app
    assert client.get(path).status_code == 401
    assert client.post(path, content=b"{").status_code == 401
    assert client.get(path, headers=users[VIEWER]).status_code == 404


def test_a_broken_or_foreign_request_for_work_is_refused(airflow_app):
    client, users = airflow_app
    path = f"/synthprof{ONE}/verify"
    assert client.post(path, content=b"{").status_code == 401
    assert client.post(path, content=b"{", headers=users[OPERATOR]).status_code == 422
    assert client.post(path, json={"all": "yes"}, headers=users[OPERATOR]).status_code == 422
    foreign = users[OPERATOR] | {"sec-fetch-site": "cross-site"}
    assert client.post(path, json={}, headers=foreign).status_code == 403


@pytest.mark.parametrize("parts", [1, 64])
def test_a_body_longer_than_any_order_is_refused(client, airflow_app, parts):
    mounted, users = airflow_app
    for who, path, headers in ((client, ONE, {}), (mounted, f"/synthprof{ONE}", users[OPERATOR])):
        body = (b" " * ((1 << 17) // parts) for _ in range(parts))
        response = who.post(f"{path}/verify", content=body, headers=headers)
        assert (response.status_code, "bytes" in response.json()["detail"]) == (413, True)


FOREIGN = {"sec-fetch-site": "cross-site"}
LINK = {"sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}
FRAME = {"sec-fetch-mode": "navigate", "sec-fetch-dest": "iframe"}
IMAGE = {"sec-fetch-mode": "no-cors", "sec-fetch-dest": "image"}


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        (f"{ONE}/search?text=RPG", FOREIGN | IMAGE, 403),
        (f"{ONE}/search?text=RPG", {"sec-fetch-site": "same-site"} | IMAGE, 403),
        (f"{ONE}/search?text=RPG", FOREIGN | FRAME, 403),
        (f"{ONE}/search?text=RPG", FOREIGN | LINK, 200),
        (f"{ONE}/search?text=RPG", {"sec-fetch-site": "same-origin"}, 200),
        ("/", FOREIGN | FRAME, 200),
        ("/", FOREIGN | LINK, 200),
        ("/static/app.js", FOREIGN | IMAGE, 403),
    ],
)
def test_a_page_of_another_site_asks_nothing_but_may_lead_here(client, airflow_app, path, headers, status):
    mounted, users = airflow_app
    assert client.get(path, headers=headers).status_code == status
    assert mounted.get(f"/synthprof{path}", headers=headers | users[VIEWER]).status_code == status


STRANGE = {
    "foreign-origin": ({"origin": "https://evil.example"}, 403),
    "origin-of-another-port": ({"origin": "http://testserver:3000"}, 403),
    "origin-of-a-sandbox": ({"origin": "null"}, 403),
    "no-origin": ({"origin": ""}, 403),
    "origin-of-another-scheme": ({"origin": "file://testserver"}, 403),
    "origin-said-to-be-ours": ({"origin": "https://evil.example", "sec-fetch-site": "same-origin"}, 403),
    "web-socket": ({"connection": "upgrade", "upgrade": "WebSocket"}, 403),
    "other-protocol": ({"connection": "upgrade", "upgrade": "h2c"}, 200),
    "own-origin": ({"origin": "http://testserver"}, 200),
    "host-in-capitals": ({"host": "TESTSERVER", "origin": "http://testserver"}, 200),
}


@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS", "FOO"])
@pytest.mark.parametrize("kind", STRANGE)
def test_a_request_of_a_foreign_origin_is_refused_whatever_it_asks(client, airflow_app, kind, method):
    mounted, users = airflow_app
    headers, status = STRANGE[kind]
    status = status if method == "GET" or status != 200 else 405
    for who, prefix, more in ((client, "", {}), (mounted, "/synthprof", users[VIEWER])):
        response = who.request(method, f"{prefix}/api/datasets", headers=headers | more)
        assert response.status_code == status, prefix


def test_a_proxy_may_give_airflow_another_host_than_its_browsers_have(airflow_app):
    client, users = airflow_app
    (mount,) = (route for route in client.app.routes if getattr(route, "path", "") == "/synthprof")
    mount.app.app.state.access.hosts = ("airflow.example:8443",)
    given = users[VIEWER] | {"origin": "https://airflow.example:8443"}
    assert client.get("/synthprof/api/datasets", headers=given).status_code == 200
    assert client.get("/synthprof/api/datasets", headers=given | FOREIGN).status_code == 403


def test_web_sockets_are_refused_with_and_without_a_token(home, airflow_app):
    mounted, users = airflow_app
    with alone(home, "a-token-of-enough-characters") as client:
        for who, path, headers in (
            (client, "/", {}),
            (client, "/api/datasets", {"authorization": "Bearer a-token-of-enough-characters"}),
            (mounted, "/synthprof/", {}),
            (mounted, "/synthprof/", users[OPERATOR]),
        ):
            with pytest.raises(WebSocketDisconnect) as refused, who.websocket_connect(path, headers=headers):
                pass
            assert refused.value.code == 1008


def test_what_is_no_request_for_a_path_is_refused_or_not_answered(client):
    def answered(**changes) -> list[Any]:
        scope = {
            "type": "http", "http_version": "1.1", "method": "GET", "path": "/static/app.js",
            "query_string": b"", "headers": [(b"host", b"testserver")], "scheme": "http",
        } | changes  # fmt: skip
        sent: list[Any] = []

        async def call() -> None:
            async def send(message) -> None:
                sent.append(message.get("status"))

            await client.app(scope, asyncio.Event().wait, send)

        asyncio.run(call())
        return sent

    assert answered()[0] == 200
    assert answered(path="http://evil.example/static/app.js")[0] == 400
    assert answered(path="*", method="OPTIONS")[0] == 400
    assert answered(http_version="9.9")[0] == 505
    assert answered(type="webtransport") == []


def test_a_browser_without_a_session_is_sent_to_sign_in(airflow_app):
    client, _ = airflow_app
    response = client.get("/synthprof/", headers={"accept": "text/html"})
    assert response.status_code == 302
    assert response.headers["location"].startswith("/auth/login")


def test_page_knows_what_its_user_may_start(airflow_app):
    client, users = airflow_app
    can = {
        who: client.get("/synthprof/api/datasets", headers=users[who]).json()["can"]
        for who in (VIEWER, OPERATOR)
    }
    assert can[OPERATOR] == {"trigger": True, "reason": None}
    assert can[VIEWER]["trigger"] is False
    assert "synthprof_reindex" in can[VIEWER]["reason"]


def test_airflow_shows_the_explorer_in_its_navigation_and_on_runs(airflow_app):
    client, users = airflow_app
    plugins = client.get("/api/v2/plugins", headers=users[OPERATOR]).json()["plugins"]
    (ours,) = (each for each in plugins if each["name"] == "synthprof")
    assert [(view["destination"], view["href"]) for view in ours["external_views"]] == [
        ("nav", "/synthprof/"),
        ("dag_run", "/synthprof/?dag_id={DAG_ID}&run_id={RUN_ID}"),
    ]


def test_where_airflow_lies_below_a_path_so_do_all_addresses_of_the_explorer():
    code = """from synthprof.orchestration.provider.plugin import SynthprofPlugin, notes
print(*(view["href"] for view in SynthprofPlugin.external_views), notes.explorer_link("d", "r"))"""
    command = [sys.executable, "-c", code]
    environment = os.environ | {"AIRFLOW__API__BASE_URL": "https://host.example/air/flow/"}
    found = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
    assert found.split() == [
        "/air/flow/synthprof/",
        "/air/flow/synthprof/?dag_id={DAG_ID}&run_id={RUN_ID}",
        "/air/flow/synthprof/?dag_id=d&run_id=r",
    ]


def test_alone_every_route_asks_for_the_token(home):
    token = "a-token-of-enough-characters"
    with alone(home, token) as client:
        for method, path, body in _requests(client.app):
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


# --- headers and process ---------------------------------------------------------------------------------


def test_every_answer_has_the_headers_that_keep_foreign_things_out(client):
    for _, path, _ in _requests(client.app):
        headers = client.get(path).headers
        policy = headers["content-security-policy"]
        begin = "sandbox allow-scripts allow-downloads;" if "/report/" in path else "default-src 'self';"
        assert policy.startswith(begin)
        assert {"base-uri", "form-action", "frame-ancestors"} <= {
            each.split()[0] for each in policy.split("; ")
        }
        assert "allow-same-origin" not in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "SAMEORIGIN"
        assert headers["referrer-policy"] == "no-referrer"


@pytest.mark.parametrize("path", ["/", "/static/app.js", f"/report/{DATASET}/current"])
def test_a_file_travels_once_and_its_head_alone_where_that_is_asked(client, path):
    whole = client.get(path)
    head = client.head(path)
    assert (head.status_code, head.content) == (200, b"")
    assert dict(head.headers) == dict(whole.headers)
    again = client.get(path, headers={"if-none-match": whole.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    kept = ("etag", "content-security-policy", "cache-control")
    assert [again.headers[name] for name in kept] == [whole.headers[name] for name in kept]
    assert client.get(path, headers={"if-none-match": '"another"'}).content == whole.content


def test_large_answers_are_compressed_in_the_process_that_makes_them(client):
    path = f"{ONE}/map?points=5000"
    response = client.get(path, headers={"accept-encoding": "gzip"})
    assert response.headers["content-encoding"] == "gzip"
    assert response.json() == answer(client, path, headers={"accept-encoding": "identity"})


def test_the_plugin_that_airflow_imports_is_light():
    code = """import sys; sys.path.insert(0, sys.argv[1])
import synthprof_hosts, synthprof.orchestration.provider.plugin
print(*sys.modules)"""
    command = [sys.executable, "-c", code, str(PROJECT / "plugins")]
    found = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    heavy = {"numpy", "pandas", "pyarrow", "faiss", "scipy", "sklearn", "plotly"}
    assert not heavy & {name.partition(".")[0] for name in found.split()}


@pytest.fixture(scope="module")
def address(home):
    """Host and port of `synthprof serve`."""
    with served(home, files=256) as url:
        found = urlsplit(url)
        yield found.hostname, found.port


def test_headers_without_end_are_refused_before_they_fill_the_server(address):
    # it may hang up while we still send
    with socket.create_connection(address, timeout=10) as caller, suppress(ConnectionError):
        caller.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Long: ")
        for _ in range(64):
            caller.sendall(b"a" * (1 << 16))
        assert caller.recv(1 << 16).startswith(b"HTTP/1.1 400 ")


HEADERS_BEGUN = b"GET / HTTP/1.1\r\nHost: localhost\r\n"
BODY_BEGUN = b"POST /early HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99\r\n\r\n{"
SLOW = {
    "silent": (b"", b""),
    "headers": (HEADERS_BEGUN, b"x"),
    "body": (BODY_BEGUN.replace(b"/early", b"/"), b" "),
    "body-after-its-answer": (BODY_BEGUN, b" "),
    "idle": (HEADERS_BEGUN + b"\r\n", b""),
    "next-headers": (HEADERS_BEGUN + b"\r\nGET", b"T"),
    "takes-nothing": (b"GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n", None),
}
"""What each caller sends at once, and then again and again; None: it does not read, either."""


async def _bounded(scope, receive, send) -> None:
    """An app that answers slowly, or before the body, or with more than the caller's socket holds."""
    if scope["path"] == "/":
        while (await receive())["more_body"]:
            pass
        await asyncio.sleep(1)
    content = b"x" * (1 << 24) if scope["path"] == "/large" else b"answered"
    await Response(content)(scope, receive, send)


async def _until_closed(kind: str, port: int) -> float:
    """The seconds until the server closes the connection of a slow caller."""
    began, (first, again) = time.monotonic(), SLOW[kind]
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(first)
    with suppress(ConnectionError):
        while again is None or await _nothing_more(reader):
            if again is None and time.monotonic() > began + 2:
                await asyncio.wait_for(reader.read(), 10)
                break
            if again is not None:
                writer.write(again)
            await asyncio.sleep(0.05)
    writer.close()
    return time.monotonic() - began


async def _nothing_more(reader: asyncio.StreamReader) -> bool:
    """Whether the connection is open; what has come by now is taken."""
    with suppress(TimeoutError, asyncio.TimeoutError):
        return bool(await asyncio.wait_for(reader.read(1 << 16), 0.01))
    return True


def test_whoever_keeps_the_server_waiting_is_cut_off_and_whoever_waits_is_not(monkeypatch):
    monkeypatch.setattr(connections, "REQUEST_SECONDS", 0.5)
    monkeypatch.setattr(connections, "TAKE_SECONDS", 0.5)

    async def ask() -> dict[str, float]:
        config = uvicorn.Config(_bounded, lifespan="off", timeout_keep_alive=60)
        config.load()
        loop, state = asyncio.get_running_loop(), ServerState()
        server = await loop.create_server(lambda: BoundedProtocol(config, state, {}), "127.0.0.1", 0)
        async with server:
            port = server.sockets[0].getsockname()[1]
            took = await asyncio.gather(*(_until_closed(kind, port) for kind in SLOW))
            assert not state.connections
        return dict(zip(SLOW, took, strict=True))

    took = asyncio.run(ask())
    answered = {"idle", "next-headers"}  # they wait a second for their answer first
    assert {kind for kind, seconds in took.items() if seconds > 1.4} == answered | {"takes-nothing"}
    assert max(took.values()) < 5


def test_good_callers_are_answered_while_slow_ones_want_more_connections_than_there_are(address):
    host, port = address
    slow = []
    try:
        for at in range(300):
            slow.append(socket.create_connection(address, timeout=30))
            slow[-1].sendall((b"", HEADERS_BEGUN, BODY_BEGUN)[at % 3])
        for _ in range(5):
            with closing(HTTPConnection(host, port, timeout=5)) as caller:
                caller.request("GET", "/api/datasets")
                assert caller.getresponse().status == 200
    finally:
        for each in slow:
            each.close()


@pytest.mark.parametrize("descriptors", [64, 256, 1_024, 1 << 20, resource.RLIM_INFINITY])
def test_connections_and_their_files_leave_descriptors_for_the_rest(monkeypatch, descriptors):
    monkeypatch.setattr(resource, "getrlimit", lambda _: (descriptors, descriptors))
    most = connections.most_connections()
    assert 8 <= most <= 400
    if descriptors >= 256:
        assert 2 * most + connections.backlog() + 32 <= descriptors or descriptors < 0


def test_the_longest_question_is_answered(address):
    where = [f"nome!={'😀' * (MAX_CHARACTERS - 6)}"] * MAX_CONDITIONS
    query = urlencode({"text": "😀" * MAX_TEXT, "where": where}, doseq=True)
    with closing(HTTPConnection(*address, timeout=300)) as caller:
        caller.request("GET", f"{ONE}/search?{query}")
        answered = caller.getresponse()
        assert (answered.status, "😀" in json.load(answered)["detail"]) == (422, True)


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
