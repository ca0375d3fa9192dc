"""Tables of people who do not exist, with a known structure and with values that must not be told."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

SECRETS = {
    "salary": (98_765_432.19, 87_654_321.87),
    "age": (119, 121),
    "city": ("Xyzzyville", "Plughtown"),
    "born": ("1871-03-17", "2123-11-29"),
}
"""Values of one to three rows each, by column."""

NOTES = (
    "She called about the red bicycle",
    "He would not say where he had been",
    "They left before dawn, again",
)


@dataclass(frozen=True)
class People:
    """The table, and the texts that no file may hold."""

    table: pa.Table
    secrets: tuple[str, ...]


def people(rows: int = 3_000, seed: int = 5) -> People:
    """Age follows from sex, salary from age, a flag from the city; names, mails and notes occur once."""
    random = np.random.default_rng(seed)
    sex = random.choice(["F", "M"], rows, p=[0.6, 0.4])
    age = np.where(sex == "F", random.normal(50, 6, rows), random.normal(35, 6, rows)).astype(int)
    salary = np.round(np.exp(random.normal(8, 0.3, rows)) * age, 2)
    city = random.choice(["Lisboa", "Porto", "Faro"], rows, p=[0.5, 0.3, 0.2]).astype(object)
    born = np.datetime64("2024-06-30") - (age * 365 + random.integers(0, 365, rows)).astype("timedelta64[D]")
    born = born.astype(str).astype(object)
    nulls = random.random(rows) < np.where(city == "Faro", 0.5, 0.05)
    salary[[10, 20]], age[[30, 40]] = SECRETS["salary"], SECRETS["age"]
    city[[50, 51, 52]], born[[60, 70]] = ["Xyzzyville", "Xyzzyville", "Plughtown"], SECRETS["born"]
    names = [f"Person{number * 7_919 % 1_000_003}x{number}" for number in range(rows)]
    mails = [f"{name.lower()}@example.org" for name in names]
    notes = [f"{NOTES[number % 3]} number {number} of that long and sad year" for number in range(rows)]
    table = pa.table(
        {
            "number": np.arange(1, rows + 1),
            "name": names,
            "mail": mails,
            "sex": sex,
            "age": age,
            "salary": salary,
            "city": pa.array(city, pa.string()),
            "born": pa.array(born, pa.string()),
            "subscribed": pa.array(random.random(rows) < 0.3, mask=nulls),
            "notes": notes,
        }
    )
    rare = [str(value) for values in SECRETS.values() for value in values]
    return People(table, (*rare, *names, *mails, *NOTES, "Person", "example.org"))


def as_csv(table: pa.Table, path: Path) -> Path:
    """Write a table as CSV."""
    pa.csv.write_csv(table, path)
    return path


def as_parquet(table: pa.Table, path: Path) -> Path:
    """Write a table as Parquet."""
    pq.write_table(table, path)
    return path
