from pathlib import Path

import pytest

from synthprof.base.errors import StageError
from synthprof.store.sqlite.database import check_ids, filling


@pytest.mark.parametrize(
    ("ids", "told"),
    [((2, 3, 4), "holds 3 from 2 to 4"), ((1, 3), "holds 2 from 1 to 3"), ((), "holds 0 from None to None")],
)
def test_a_table_whose_ids_are_not_one_to_the_rows_is_refused(tmp_path: Path, ids, told):
    path = tmp_path / "some.db"
    with filling(path) as database:
        database.execute("CREATE TABLE some (id INTEGER PRIMARY KEY)")
        for number in ids:
            database.execute(f"INSERT INTO some VALUES ({number})")
    with pytest.raises(StageError, match=f"should hold the ids 1 to 3, but {told}; `synthprof repair` makes"):
        check_ids(path, "some", 3)


def test_a_table_whose_ids_are_one_to_the_rows_is_right(tmp_path: Path):
    with filling(tmp_path / "some.db") as database:
        database.execute("CREATE TABLE some (id INTEGER PRIMARY KEY)")
        database.execute("INSERT INTO some VALUES (1), (2)")
    check_ids(tmp_path / "some.db", "some", 2)
