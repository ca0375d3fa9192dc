"""An Airflow that tests share."""

from collections.abc import Iterator

import pytest
from place import Place, end, make_place


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
    """An Airflow under a real scheduler with LocalExecutor, one bad file among its data sets."""
    place = make_place(tmp_path_factory.mktemp("airflow"))
    (place.datasets / "broken.toml").write_text('schedule = "at night"\n')
    process = place.start_ui()
    try:
        yield place
    finally:
        end(process)
