"""Rates of keys, unique values, patterns with check digits and vocabularies.

    .venv/bin/python benchmarks/bench_keys.py [--blocks 30] > benchmarks/results/keys.txt

Rates are millions of values per second of CPU time of this process, the best of three rounds; rows are
drawn by the column's sampler alone. Below stand the same values from the libraries that make one at a time.
"""

import argparse
import platform
import time
import uuid
from collections.abc import Callable

import faker
import numpy as np
import pyarrow as pa

from synthprof.base.streams import stream
from synthprof.profiles.samplers import sampler_of
from synthprof.profiles.samplers.sampler import Rows, Setting
from synthprof.schemas.draw_kinds.accounts import Email, UserName
from synthprof.schemas.draw_kinds.combinations import Combination
from synthprof.schemas.draw_kinds.contacts import Phone, Plate, PostCode
from synthprof.schemas.draw_kinds.documents import Card, Cnpj, Cpf, Ean, Iban
from synthprof.schemas.draw_kinds.fakers import FakerWords
from synthprof.schemas.draw_kinds.keys import Reference, Sequence, UniqueInteger, Uuid
from synthprof.schemas.draw_kinds.model import DrawModel
from synthprof.schemas.draw_kinds.patterns import Pattern
from synthprof.schemas.schema import Archetype, Column, Schema
from synthprof.spec.spec import BLOCK_ROWS

ROUNDS = 3

DRAWS: tuple[DrawModel, ...] = (
    *(Sequence(), Sequence(prefix="C-", width=9), Uuid(), Uuid(version=7), UniqueInteger(high=10**9)),
    *(Reference(table="p", rows=10**6), Reference(table="p", rows=10**6, skew=1.1)),
    *(Pattern(pattern="K-{digit:9}", unique=True), Pattern(pattern="{[A-Z]:3}-{alnum:6}")),
    *(Cpf(), Cnpj(), Cnpj(alphanumeric=True), Card(), Card(networks={"visa": 2, "mastercard": 1})),
    *(Iban(), Ean(), Plate(), Phone(region="US"), Phone(region="BR"), PostCode(region="BR")),
    *(UserName(), UserName(of=("name",)), Email(of=("name",))),
    Combination(lists=(tuple(map(str, range(2_000))), tuple(map(str, range(50_000)))), unique=True),
    FakerWords(provider="job", size=2_000).with_words(),
)


def main() -> None:
    """Print a line for each draw, then for each of the other ways."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--blocks", type=int, default=30)
    blocks = options.parse_args().blocks
    print(f"Python {platform.python_version()}, NumPy {np.__version__}, pyarrow {pa.__version__}")
    print("\nmillions of values per CPU-second")
    for draw in DRAWS:
        print(f"{draw.draw:15} {_rate(_drawing(draw, blocks), blocks * BLOCK_ROWS):8.2f}   {draw.told[:70]}")
    print("\none at a time")
    fake = faker.Faker("pt_BR")
    for name, make in (
        ("uuid.uuid4", lambda: str(uuid.uuid4())),
        ("faker cpf", fake.cpf),
        ("faker iban", fake.iban),
        ("faker job", fake.job),
        ("faker email", fake.email),
    ):
        print(f"{name:15} {_rate(_calling(make), 10_000):8.2f}")


def _names() -> pa.Array:
    """Return full names, (BLOCK_ROWS,), most of which differ."""
    words = pa.array(FakerWords(provider="name", locale="pt_BR", size=16_000).with_words().words)
    return words.take(pa.array(np.arange(BLOCK_ROWS) % len(words)))


def _drawing(draw: DrawModel, blocks: int) -> Callable[[], None]:
    column = Column("x", draw, None, "Measured.")
    name = Column("name", Sequence(prefix="A"), None, "Stands for names.")
    schema = Schema("bench", (name, column), (Archetype("all", "All", 1.0, ()),))
    sampler = sampler_of(draw, Setting(schema, column, "pt_BR", 0.8, 1))
    names = _names()
    archetypes = np.zeros(BLOCK_ROWS, np.uint8)

    def run() -> None:
        for block in range(blocks):
            first = block * BLOCK_ROWS
            sampler.draw(
                Rows(
                    first,
                    BLOCK_ROWS,
                    BLOCK_ROWS,
                    archetypes,
                    lambda _: names,
                    lambda purpose, block=block: stream(1, "x", purpose, block),
                )
            )

    return run


def _calling(make: Callable[[], str]) -> Callable[[], None]:
    def run() -> None:
        for _ in range(10_000):
            make()

    return run


def _rate(work: Callable[[], None], values: int) -> float:
    """Return millions of values per second of CPU time."""
    seconds = []
    for _ in range(ROUNDS):
        begun = time.process_time()
        work()
        seconds.append(time.process_time() - begun)
    return values / min(seconds) / 1e6


if __name__ == "__main__":
    main()
