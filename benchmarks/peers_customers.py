"""The 23 columns of the schema customer_us by Faker, by Mimesis, by NumPy and pandas, by Polars.

Run it with a Python that has these libraries, none of which synthprof needs:

    python -m venv peers && peers/bin/pip install mimesis faker numpy pandas polars pyarrow
    peers/bin/python benchmarks/peers_customers.py numpy 200000 FOLDER_OF_THE_SCHEMA

It prints rows and CPU-seconds, without those of imports and of the first ten rows. Each way does less than
synthprof: no column depends on another but where the code says so, there are no archetypes, lists have three
items, a description three sentences without variants, and e-mails may repeat.
"""

import csv
import sys
import time
from pathlib import Path
from typing import Any

DEVICES, DEVICE_ODDS = ("Phone", "Computer", "Tablet"), (0.56, 0.36, 0.08)
PAYMENTS = ("Credit card", "Debit card", "Digital wallet", "Pay later", "Gift card")
PAYMENT_ODDS = (0.38, 0.24, 0.27, 0.08, 0.03)
TIERS, TIER_ODDS = ("Basic", "Silver", "Gold", "Platinum"), (0.58, 0.26, 0.12, 0.04)
HOUSEHOLDS = ("Alone", "Couple", "Family with children", "With parents", "Shared home")
HOUSEHOLD_ODDS = (0.2, 0.31, 0.33, 0.08, 0.08)
PETS, PET_ODDS = ("No pets", "Dog", "Cat", "Dog and cat", "Other pet"), (0.42, 0.29, 0.14, 0.11, 0.04)
SENSES = ("Bargain hunter", "Value seeker", "Convenience first", "Premium")
SENSE_ODDS = (0.3, 0.38, 0.2, 0.12)
CHOICES = (
    ("tier", TIERS, TIER_ODDS),
    ("device", DEVICES, DEVICE_ODDS),
    ("payment", PAYMENTS, PAYMENT_ODDS),
    ("household", HOUSEHOLDS, HOUSEHOLD_ODDS),
    ("pets", PETS, PET_ODDS),
    ("price_sense", SENSES, SENSE_ODDS),
)
DAYS = 5 * 365


def rows_of(folder: Path, name: str) -> list[dict[str, str]]:
    """Return the rows of a file of the schema."""
    with (folder / name).open(encoding="utf-8") as lines:
        return list(csv.DictReader(line for line in lines if not line.startswith("#")))


def about(name: str, age: Any, city: str, interests: str, device: str, tier: str) -> str:
    """Return a description in three sentences."""
    return (
        f"{name} is {age} and lives in {city}. Buys mostly {interests.lower()}, and orders by "
        f"{device.lower()}. A {tier.lower()} member."
    )


def by_faker(count: int, folder: Path) -> int:
    """Make rows by Faker's providers, one at a time."""
    from faker import Faker

    fake = Faker("en_US")
    fake.seed_instance(1)
    categories = sorted({row["category"] for row in rows_of(folder, "products.csv")})

    def row() -> dict[str, Any]:
        sex = fake.random_element(("Female", "Male"))
        name = fake.name_female() if sex == "Female" else fake.name_male()
        age, city, tier = fake.random_int(18, 84), fake.city(), fake.random_element(TIERS)
        device, interests = fake.random_element(DEVICES), ", ".join(fake.random_elements(categories, 3, True))
        return {
            "customer_id": fake.uuid4(),
            "name": name,
            "sex": sex,
            "age": age,
            "email": fake.email(),
            "phone": fake.phone_number(),
            "city": city,
            "state": fake.state_abbr(),
            "region": fake.random_element(("South", "West", "Midwest", "Northeast")),
            "zip": fake.postcode(),
            "latitude": float(fake.latitude()),
            "longitude": float(fake.longitude()),
            "household": fake.random_element(HOUSEHOLDS),
            "pets": fake.random_element(PETS),
            "income": fake.random_int(12_000, 400_000),
            "signed_up": fake.date_time_between("-5y"),
            "tier": tier,
            "device": device,
            "payment": fake.random_element(PAYMENTS),
            "price_sense": fake.random_element(SENSES),
            "interests": interests,
            "newsletter": fake.boolean(),
            "about": about(name, age, city, interests, device, tier),
        }

    return len([row() for _ in range(count)])


def by_mimesis(count: int, folder: Path) -> int:
    """Make rows by Mimesis' providers, one at a time."""
    from mimesis import Generic, Locale
    from mimesis.enums import Gender

    fake = Generic(Locale.EN, seed=1)
    categories = sorted({row["category"] for row in rows_of(folder, "products.csv")})

    def row() -> dict[str, Any]:
        sex = fake.random.choice((Gender.FEMALE, Gender.MALE))
        name = fake.person.full_name(gender=sex)
        age, city = fake.random.randint(18, 84), fake.address.city()
        tier, device = fake.random.choice(TIERS), fake.random.choice(DEVICES)
        interests = ", ".join(fake.random.sample(categories, 3))
        return {
            "customer_id": fake.cryptographic.uuid(),
            "name": name,
            "sex": sex.value,
            "age": age,
            "email": fake.person.email(),
            "phone": fake.person.phone_number(),
            "city": city,
            "state": fake.address.state(abbr=True),
            "region": fake.random.choice(("South", "West", "Midwest", "Northeast")),
            "zip": fake.address.zip_code(),
            "latitude": fake.address.latitude(),
            "longitude": fake.address.longitude(),
            "household": fake.random.choice(HOUSEHOLDS),
            "pets": fake.random.choice(PETS),
            "income": fake.numeric.integer_number(12_000, 400_000),
            "signed_up": fake.datetime.datetime(2020, 2024),
            "tier": tier,
            "device": device,
            "payment": fake.random.choice(PAYMENTS),
            "price_sense": fake.random.choice(SENSES),
            "interests": interests,
            "newsletter": fake.development.boolean(),
            "about": about(name, age, city, interests, device, tier),
        }

    return len([row() for _ in range(count)])


def by_numpy(count: int, folder: Path) -> int:
    """Make columns by NumPy and pandas, then an Arrow table."""
    import pyarrow as pa

    return len(pa.Table.from_pandas(frame_by_numpy(count, folder)))


def frame_by_numpy(count: int, folder: Path) -> Any:
    """Make columns by NumPy and pandas, as their users do: choices by weight, then string methods."""
    import numpy as np
    import pandas as pd

    random = np.random.default_rng(1)
    cities, states = rows_of(folder, "cities.csv"), {r["state"]: r for r in rows_of(folder, "states.csv")}
    firsts, lasts = rows_of(folder, "first_names.csv"), rows_of(folder, "last_names.csv")
    ages = rows_of(folder, "ages.csv")
    categories = sorted({row["category"] for row in rows_of(folder, "products.csv")})

    def chosen(values: Any, weights: Any) -> Any:
        weights = np.array(weights, dtype=float)
        return np.array(values)[random.choice(len(values), count, p=weights / weights.sum())]

    sex = chosen(["Female", "Male"], [0.51, 0.49])
    first = np.empty(count, dtype=object)
    for each in ("Female", "Male"):
        of_sex = [row for row in firsts if row["sex"] == each]
        mask, weights = sex == each, np.array([float(row["1980"]) for row in of_sex])
        names = np.array([row["name"] for row in of_sex], dtype=object)
        first[mask] = names[random.choice(len(names), mask.sum(), p=weights / weights.sum())]
    last = chosen(np.array([r["name"] for r in lasts], dtype=object), [float(r["count"]) for r in lasts])
    frame = pd.DataFrame({"first": pd.Series(first, dtype="string"), "last": pd.Series(last, dtype="string")})
    text = random.bytes(16 * count).hex()
    frame["customer_id"] = pd.Series([text[32 * i : 32 * i + 32] for i in range(count)], dtype="string")
    frame["name"] = frame["first"] + " " + frame["last"]
    frame["sex"] = pd.Categorical(sex)
    frame["age"] = chosen(
        [int(r["age"]) for r in ages], [float(r["population"]) * float(r["online"]) for r in ages]
    )
    number = pd.Series(random.integers(1, 10_000, count)).astype("string")
    frame["email"] = (frame["first"] + "." + frame["last"] + number + "@example.com").str.lower()
    digits = pd.Series(random.integers(2_000_000, 9_999_999, count)).astype("string")
    area = pd.Series(random.integers(201, 989, count)).astype("string")
    frame["phone"] = "(" + area + ") " + digits.str.slice(0, 3) + "-" + digits.str.slice(3, 7)
    weights = np.array([float(row["population"]) for row in cities])
    place = random.choice(len(cities), count, p=weights / weights.sum())
    frame["city"] = pd.Categorical.from_codes(place, [r["city"] for r in cities])
    frame["state"] = pd.Series(np.array([r["state"] for r in cities], dtype=object)[place], dtype="category")
    region = [states[r["state"]]["region"] for r in cities]
    frame["region"] = pd.Series(np.array(region, dtype=object)[place], dtype="category")
    ends = pd.Series(random.integers(0, 100, count)).astype("string").str.zfill(2)
    frame["zip"] = (
        pd.Series(np.array([r["zip3"] for r in cities], dtype=object)[place], dtype="string") + ends
    )
    for axis in ("latitude", "longitude"):
        centre = np.array([float(r[axis]) for r in cities])[place]
        frame[axis] = (centre + random.normal(0, 0.05, count)).round(5)
    income = np.array([float(states[r["state"]]["income"]) for r in cities])[place]
    frame["income"] = (random.lognormal(np.log(income), 0.6) * 1000).round(-2)
    frame["signed_up"] = pd.Timestamp("2020-01-01") + pd.to_timedelta(
        random.integers(0, DAYS * 86_400, count), unit="s"
    )
    for name, values, odds in CHOICES:
        frame[name] = pd.Categorical.from_codes(random.choice(len(values), count, p=odds), values)
    picks = random.random((count, len(categories))).argpartition(3, axis=1)[:, :3]
    listed = np.array(categories, dtype=object)[picks]
    first_two = pd.Series(listed[:, 0], dtype="string") + ", " + pd.Series(listed[:, 1], dtype="string")
    frame["interests"] = first_two + ", " + pd.Series(listed[:, 2], dtype="string")
    frame["newsletter"] = random.random(count) < 0.4
    frame["about"] = (
        frame["name"] + " is " + frame["age"].astype("string") + " and lives in "
        + frame["city"].astype("string") + ". Buys mostly " + frame["interests"].str.lower()
        + ", and orders by " + frame["device"].astype("string").str.lower() + ". A "
        + frame["tier"].astype("string").str.lower() + " member."
    )  # fmt: skip
    return frame.drop(columns=["first", "last"])


def by_polars(count: int, folder: Path) -> int:
    """Make columns by NumPy's choices and Polars' expressions."""
    import numpy as np
    import polars as pl

    random = np.random.default_rng(1)
    cities, states = rows_of(folder, "cities.csv"), {r["state"]: r for r in rows_of(folder, "states.csv")}
    firsts, lasts = rows_of(folder, "first_names.csv"), rows_of(folder, "last_names.csv")
    ages = rows_of(folder, "ages.csv")
    categories = sorted({row["category"] for row in rows_of(folder, "products.csv")})

    def picked(weights: Any, size: int = count) -> Any:
        weights = np.array(weights, dtype=float)
        return random.choice(len(weights), size, p=weights / weights.sum())

    def chosen(values: Any, codes: Any) -> Any:
        return pl.Series(values)[pl.Series(codes)]

    sex = picked([0.51, 0.49])
    first = np.empty(count, dtype=np.int64)
    for code, name in enumerate(("Female", "Male")):
        own = [i for i, row in enumerate(firsts) if row["sex"] == name]
        mask = sex == code
        first[mask] = np.array(own)[picked([float(firsts[i]["1980"]) for i in own], int(mask.sum()))]
    place = picked([float(row["population"]) for row in cities])
    state = [row["state"] for row in cities]
    interests = random.random((count, len(categories))).argpartition(3, axis=1)[:, :3]
    income = np.array([float(states[name]["income"]) for name in state])[place]
    text = random.bytes(16 * count).hex()
    columns = {
        "customer_id": [text[32 * i : 32 * i + 32] for i in range(count)],
        "first": chosen([r["name"] for r in firsts], first),
        "last": chosen([r["name"] for r in lasts], picked([float(r["count"]) for r in lasts])),
        "sex": chosen(["Female", "Male"], sex),
        "age": chosen(
            [int(r["age"]) for r in ages], picked([float(r["population"]) * float(r["online"]) for r in ages])
        ),
        "number": random.integers(1, 10_000, count),
        "digits": random.integers(2_000_000, 9_999_999, count),
        "area": random.integers(201, 989, count),
        "city": chosen([r["city"] for r in cities], place),
        "state": chosen(state, place),
        "region": chosen([states[name]["region"] for name in state], place),
        "zip3": chosen([r["zip3"] for r in cities], place),
        "ends": random.integers(0, 100, count),
        "income": (random.lognormal(np.log(income), 0.6) * 1000).round(-2),
        "seconds": random.integers(0, DAYS * 86_400, count),
        "newsletter": random.random(count) < 0.4,
    }
    for axis in ("latitude", "longitude"):
        centre = np.array([float(r[axis]) for r in cities])[place]
        columns[axis] = (centre + random.normal(0, 0.05, count)).round(5)
    for name, values, odds in CHOICES:
        columns[name] = chosen(list(values), picked(odds))
    for rank in range(3):
        columns[f"interest{rank}"] = chosen(categories, interests[:, rank])
    digits = pl.col("digits").cast(pl.String)
    frame = (
        pl.DataFrame(columns)
        .with_columns(
            name=pl.concat_str("first", pl.lit(" "), "last"),
            email=pl.concat_str("first", pl.lit("."), "last", "number").str.to_lowercase() + "@example.com",
            phone=pl.concat_str(
                pl.lit("("), "area", pl.lit(") "), digits.str.slice(0, 3), pl.lit("-"), digits.str.slice(3, 4)
            ),
            zip=pl.concat_str("zip3", pl.col("ends").cast(pl.String).str.zfill(2)),
            signed_up=pl.datetime(2020, 1, 1) + pl.duration(seconds="seconds"),
            interests=pl.concat_str("interest0", "interest1", "interest2", separator=", "),
        )
        .with_columns(
            about=pl.concat_str(
                "name", pl.lit(" is "), "age", pl.lit(" and lives in "), "city", pl.lit(". Buys mostly "),
                pl.col("interests").str.to_lowercase(), pl.lit(", and orders by "),
                pl.col("device").str.to_lowercase(), pl.lit(". A "), pl.col("tier").str.to_lowercase(),
                pl.lit(" member."),
            )
        )
    )  # fmt: skip
    parts = ("first", "last", "number", "digits", "area", "zip3", "ends", "seconds")
    return len(frame.drop(*parts, "interest0", "interest1", "interest2").to_arrow())


WAYS = {"faker": by_faker, "mimesis": by_mimesis, "numpy": by_numpy, "polars": by_polars}


def main() -> None:
    """Print the rows that were made and the CPU-seconds they took."""
    way, count, folder = WAYS[sys.argv[1]], int(sys.argv[2]), Path(sys.argv[3])
    way(10, folder)  # imports, and what a library reads at first
    began = time.process_time()
    rows = way(count, folder)
    print(rows, round(time.process_time() - began, 3))


if __name__ == "__main__":
    main()
