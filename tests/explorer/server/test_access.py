"""Access to the explorer inside Airflow's own app: users, rights, and pages of other sites."""

import os
import re
import subprocess
import sys

import pytest
from explorers import ONE, OPERATOR, VIEWER, alone, inside_airflow, requests_of
from starlette.websockets import WebSocketDisconnect

from synthprof.orchestration.local.home import PROJECT


@pytest.fixture(scope="module")
def airflow_app(home):
    with inside_airflow(home) as found:
        yield found


def test_every_route_in_airflow_needs_a_user_and_work_needs_the_right_to_trigger(airflow_app):
    client, users = airflow_app
    (mount,) = (route for route in client.app.routes if getattr(route, "path", "") == "/synthprof")
    requests = list(requests_of(mount.app.app, "/synthprof"))
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
            elif method == "POST" or re.search("/(runs|tables|picture|match)/", path):  # none such
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


def test_the_plugin_that_airflow_imports_is_light():
    code = """import sys; sys.path.insert(0, sys.argv[1])
import synthprof_hosts, synthprof.orchestration.provider.plugin
print(*sys.modules)"""
    command = [sys.executable, "-c", code, str(PROJECT / "plugins")]
    found = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    heavy = {"numpy", "pandas", "pyarrow", "faiss", "scipy", "sklearn", "plotly"}
    assert not heavy & {name.partition(".")[0] for name in found.split()}
