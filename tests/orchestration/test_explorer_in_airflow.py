"""The explorer where most people meet it: in the frames of a real Airflow."""

import re
from urllib.parse import quote

import pytest
from browser import CHROMIUM, chromium, looking
from place import ended, until

from synthprof.orchestration.local.rest import Airflow
from synthprof.runner.run import run_all
from synthprof.spec.request import Request
from synthprof.store.store import Store

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")


@pytest.fixture(scope="module")
def version(airflow) -> str:
    """A data set in Airflow's data root."""
    small = {"dataset": "shown", "profiles": 1_500, "clusters": 8, "kmeans_niter": 2, "workers": 1}
    run_all(Request.from_params(small), airflow.data)
    return Store(airflow.data, "shown").current().name


def _frame(page):
    frame = page.frame_locator("iframe")
    frame.locator("main:not([aria-busy])").wait_for()
    return frame


def test_work_started_in_the_explorer_is_a_run_whose_tab_shows_the_data_set(airflow, version):
    with chromium() as browser, looking(browser, airflow.home.url) as look:
        page = look.page
        page.goto(f"{airflow.home.url}/plugin/synthprof")
        frame = _frame(page)
        frame.get_by_role("link", name="shown", exact=True).click()
        frame.get_by_role("button", name="Verify").click()
        started = frame.locator("a.airflow")
        run = started.inner_text()
        with Airflow(airflow.home.url) as rest:
            assert ended(rest, "synthprof_verify", run, 300) == "success"
            assert rest.run("synthprof_verify", run)["conf"]["version"] == version
        frame.get_by_text("has ended").wait_for()
        page.reload()
        frame = _frame(page)
        frame.get_by_role("link", name="shown", exact=True).click()
        frame.get_by_text("has ended").wait_for()  # it is found again
        frame.get_by_text(re.compile("Verified .* sound.")).first.wait_for()
        started = frame.locator("a.airflow")
        started.click()
        page.wait_for_url(re.compile("/dags/synthprof_verify/runs/"))
        page.get_by_role("link", name="Data set").click()
        tab = _frame(page)
        tab.get_by_role("heading", name="Quality").wait_for()
        assert tab.get_by_role("combobox", name="Version").input_value() == version
        # Airflow's own pages warn; what counts is that ours are not refused anything
        look.problems[:] = [text for text in look.problems if "Content Security Policy" in text]


def test_a_run_that_named_no_version_is_shown_with_the_one_it_looked_at(airflow, version):
    with Airflow(airflow.home.url) as rest:
        run = rest.trigger("synthprof_verify", {"dataset": "shown"}).raise_for_status().json()["dag_run_id"]
        assert ended(rest, "synthprof_verify", run, 300) == "success"
        facts = rest.ask("GET", f"/synthprof/api/runs/synthprof_verify/{quote(run)}").json()
    assert (facts["dataset"], facts["version"]) == ("shown", version)


def test_a_run_of_a_dag_that_is_not_ours_is_of_no_data_set_whatever_its_parameters(airflow):
    dag, conf = "sample_of_each_night", {"dataset": 5, "version": ["x"]}
    with Airflow(airflow.home.url) as rest:
        until(lambda: rest.call("GET", f"/dags/{dag}").is_success, 180, f"the DAG {dag}")
        run = rest.trigger(dag, conf).raise_for_status().json()["dag_run_id"]
        told = rest.ask("GET", f"/synthprof/api/runs/{dag}/{quote(run)}")
        rest.call("DELETE", f"/dags/{dag}/dagRuns/{quote(run)}").raise_for_status()  # others look at its runs
    assert (told.status_code, told.json()["dataset"], told.json()["version"]) == (200, None, None)


@pytest.mark.long
def test_explorer_is_dark_where_airflow_is(airflow, version):
    with chromium() as browser, looking(browser, airflow.home.url, color_scheme="light") as look:
        look.page.add_init_script("localStorage.setItem('theme', 'dark')")
        look.page.goto(f"{airflow.home.url}/plugin/synthprof")
        body = _frame(look.page).locator("body")
        assert body.evaluate("body => getComputedStyle(body).backgroundColor") == "rgb(13, 19, 17)"
        look.problems.clear()
