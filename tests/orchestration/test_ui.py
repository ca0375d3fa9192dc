"""The trigger form in a real browser."""

import json

import pytest
from browser import CHROMIUM, PATIENCE, chromium
from place import SCRATCH, Place, ended

from synthprof.orchestration.local.rest import Airflow
from synthprof.orchestration.tasks.params import airflow_params
from synthprof.spec.sections import OPEN, SECTIONS
from synthprof.store.store import Store

GENERATE = "synthprof_generate"
PARAMS = airflow_params()

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")


@pytest.fixture
def page():
    with chromium() as browser:
        page = browser.new_page(viewport={"width": 1300, "height": 1600})
        page.set_default_timeout(PATIENCE)
        yield page


def open_form(page, airflow: Place):
    page.goto(f"{airflow.home.url}/dags/{GENERATE}")
    page.get_by_role("button", name="Trigger").first.click()
    form = page.get_by_role("dialog")
    form.get_by_text(PARAMS["dataset"].description).wait_for()
    return form


def field(form, name: str):
    """The part of the form with the title, the description and the input of a parameter."""
    return form.get_by_role("group").filter(has_text=PARAMS[name].description)


def test_form_shows_every_parameter_with_bounds_and_description(page, airflow):
    form = open_form(page, airflow)
    ours = {section: [name for name in every if name in PARAMS] for section, every in SECTIONS.items()}
    for section, names in {None: [name for name in OPEN if name in PARAMS], **ours}.items():
        if not names:  # what only the other form has
            continue
        if section is not None:
            assert not field(form, names[0]).is_visible(), "sections start folded"
            form.get_by_role("button", name=section, exact=True).click()
        for name in names:
            field(form, name).wait_for()
            assert (
                field(form, name).locator("label").first.inner_text().startswith(PARAMS[name].schema["title"])
            )
        form.screenshot(path=SCRATCH / f"form-{names[0]}.png")


@pytest.mark.long
def test_run_from_the_form_publishes(page, airflow):
    form = open_form(page, airflow)
    field(form, "dataset").locator("input").fill("from_form")
    field(form, "profiles").locator("input").fill("1500")
    field(form, "clusters").locator("input").fill("8")
    form.get_by_role("button", name="Trigger", exact=True).last.click()
    with Airflow(airflow.home.url) as rest:
        form.wait_for(state="hidden")
        runs = rest.call("GET", f"/dags/{GENERATE}/dagRuns?order_by=-run_after").json()["dag_runs"]
        run = next(run for run in runs if run["conf"].get("dataset") == "from_form")
        assert set(run["conf"]) == set(PARAMS)
        assert ended(rest, GENERATE, run["dag_run_id"], 120) == "success"
    manifest = json.loads((Store(airflow.data, "from_form").current() / "MANIFEST.json").read_text())
    assert manifest["rows"] == 1500
    page.goto(f"{airflow.home.url}/dags/{GENERATE}/runs/{run['dag_run_id']}")
    page.get_by_text("export_index").first.wait_for()
    page.get_by_role("link", name="Explore").wait_for()  # in the run's note
    page.screenshot(path=SCRATCH / "run.png")
    page.goto(f"{airflow.home.url}/dags/{GENERATE}/runs/{run['dag_run_id']}/tasks/cluster")
    page.get_by_text("cluster: dataset=from_form").first.wait_for()
    page.get_by_text("1,500 rows in").first.wait_for()
    page.screenshot(path=SCRATCH / "log.png")
    page.goto(f"{airflow.home.url}/dags/{GENERATE}/runs/{run['dag_run_id']}/tasks/cluster/details")
    link = page.get_by_role("link", name="Explorer").get_attribute("href")
    assert link.startswith(f"/synthprof/?dag_id={GENERATE}&run_id=")


@pytest.mark.long
def test_value_out_of_bounds_is_refused_with_the_message_of_the_command_line(page, airflow):
    form = open_form(page, airflow)
    field(form, "dataset").locator("input").fill("no/good")
    form.get_by_role("button", name="Trigger", exact=True).last.click()
    form.get_by_text("Invalid input for param dataset: 'no/good' does not match").wait_for()
    page.screenshot(path=SCRATCH / "refused.png")
