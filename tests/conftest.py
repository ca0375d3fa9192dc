"""An Airflow that tests share."""

from collections.abc import Iterator

import pytest
from place import Place, end, make_place

NIGHTS = """\
# Nights so rare that no scheduled one comes beside those that a test backfills.
schedule = "0 3 29 2 *"
timezone = "America/Sao_Paulo"
seed_from_date = true

[params]
profiles = 300
clusters = 4
"""


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests go to a worker by file, whose fixtures they share; those of the shared Airflow all to one."""
    for item in items:
        shares = "airflow" in getattr(item, "fixturenames", ())
        item.add_marker(pytest.mark.xdist_group("airflow" if shares else item.path.stem))


@pytest.fixture(scope="session")
def place(tmp_path_factory) -> Place:
    return make_place(tmp_path_factory.mktemp("place"))


@pytest.fixture(scope="session")
def airflow(tmp_path_factory) -> Iterator[Place]:
    """An Airflow under a real scheduler with LocalExecutor; its data set files have a bad one among them."""
    place = make_place(tmp_path_factory.mktemp("airflow"))
    (place.datasets / "broken.toml").write_text('schedule = "at night"\n')
    (place.datasets / "nights.toml").write_text(NIGHTS)
    process = place.start_ui()
    try:
        yield place
    finally:
        end(process)
