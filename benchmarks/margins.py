"""Counts the shares of gamer_br beside those that somebody counted, at several separations and seeds.

Run: python benchmarks/margins.py > benchmarks/results/margins.txt

Each share is that of 200,000 rows; it holds where it lies within the 99 % interval of a binomial share around
what is asked. Beside the margins of the schema: the size of the town by state and town together, region by
size of the town (a two-way table of the census), tastes that should differ by region, what names are made of,
and how shares of games fall by rank. Written against the columns alone, not by the counting of the library.
"""

import csv
import itertools
import math
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa

from synthprof.profiles.drawing import generate
from synthprof.schemas.loader import load_bundle, schema_folder

ROWS, BLOCK = 200_000, 16_384
SEPARATIONS = (0.0, 0.1, 0.3, 0.5, 0.8, 1.0)
SEEDS = (7, 42)
Z = 2.5758
CONSOLES = {"PlayStation 5", "PlayStation 4", "Xbox Series X|S", "Xbox One"}
BANDS = (16, 18, 25, 35, 45, 55, 65, 76)
HEARD = ("Forró", "Sertanejo", "Axé", "Brega", "Música gaúcha", "Funk", "Samba")
Found = dict[str, tuple[float, float]]


def rows_of(name: str) -> list[dict[str, str]]:
    """Return the rows of a file of the schema."""
    lines = (schema_folder("gamer_br") / name).read_text(encoding="utf-8").splitlines()
    return list(csv.DictReader(line for line in lines if not line.startswith("#")))


CITIES, STATES, AGES = rows_of("cities.csv"), rows_of("states.csv"), rows_of("ages.csv")
REGION = {row["uf"]: row["regiao"] for row in STATES}
SIZE = {(row["cidade"], row["uf"]): row["porte"] for row in CITIES}
PEOPLE = sum(int(row["populacao"]) for row in CITIES)


def sample(separation: float, seed: int) -> pa.Table:
    """Return ROWS profiles."""
    schema = load_bundle("gamer_br").schema
    blocks = (
        generate(schema, seed, "pt_BR", separation, at, min(BLOCK, ROWS - at * BLOCK)).profiles
        for at in range(-(-ROWS // BLOCK))
    )
    return pa.Table.from_batches(list(blocks))


def asked() -> dict[str, dict[str, float]]:
    """Return the shares that sources have, by table and cell."""
    by = {"estado": Counter(), "regiao": Counter(), "porte": Counter(), "regiao x porte": Counter()}
    for row in CITIES:
        region, people = REGION[row["uf"]], int(row["populacao"])
        by["estado"][row["uf"]] += people
        by["regiao"][region] += people
        by["porte"][row["porte"]] += people
        by["regiao x porte"][f"{region}, {row['porte']}"] += people
    ages = {int(row["idade"]): float(row["populacao"]) * float(row["jogadores"]) for row in AGES}
    bands = {
        f"{low}-{high - 1}": sum(ages[age] for age in range(low, high)) / sum(ages.values())
        for low, high in itertools.pairwise(BANDS)
    }
    return {
        "sexo": {"Feminino": 0.509, "Masculino": 0.491},
        "plataforma preferida": {"Celular": 0.488, "PC": 0.226, "console": 0.217, "outros": 0.069},
        "idade": bands,
        **{name: {key: people / PEOPLE for key, people in found.items()} for name, found in by.items()},
    }


def drawn(table: pa.Table) -> dict[str, Counter[str]]:
    """Return the rows in each cell of the same tables."""
    towns = list(zip(table["cidade"].to_pylist(), table["estado"].to_pylist(), strict=True))
    firsts = [each.split(", ")[0] for each in table["plataformas_possuidas"].to_pylist()]
    ages = np.searchsorted(np.array(BANDS), np.array(table["idade"]), side="right") - 1
    return {
        "sexo": Counter(table["sexo"].to_pylist()),
        "plataforma preferida": Counter(
            each if each in ("Celular", "PC") else "console" if each in CONSOLES else "outros"
            for each in firsts
        ),
        "idade": Counter(f"{BANDS[each]}-{BANDS[each + 1] - 1}" for each in ages.tolist()),
        "estado": Counter(state for _, state in towns),
        "regiao": Counter(REGION[state] for _, state in towns),
        "porte": Counter(SIZE[town] for town in towns),
        "regiao x porte": Counter(f"{REGION[town[1]]}, {SIZE[town]}" for town in towns),
    }


def compared(found: Counter[str], shares: dict[str, float]) -> tuple[int, int, float]:
    """Return the cells outside their interval, all cells, and the largest of their deviations."""
    most, outside = 0.0, 0
    for key, share in shares.items():
        deviation = abs(found[key] / ROWS - share) / math.sqrt(share * (1 - share) / ROWS)
        most, outside = max(most, deviation), outside + (deviation > Z)
    return outside, len(shares), most


def slope(games: Counter[str], ranks: int) -> float:
    """Return the exponent by which counts of the first ranks fall."""
    counts = np.array([count for _, count in games.most_common(ranks)], dtype=float)
    return -float(np.polyfit(np.log(np.arange(1, len(counts) + 1)), np.log(counts), 1)[0])


def tastes(table: pa.Table) -> Iterator[str]:
    """Yield lines of shares by region."""
    regions = np.array([REGION[state] for state in table["estado"].to_pylist()])
    lists = [set(each.split(", ")) for each in table["interesses_musicais"].to_pylist()]
    languages = np.array([each.count(",") + 1 for each in table["idiomas"].to_pylist()])
    yield "  by region: " + ", ".join(sorted(set(REGION.values())))
    for style in HEARD:
        has = np.array([style in each for each in lists])
        yield f"  {style:15}" + " ".join(
            f"{has[regions == name].mean():7.3f}" for name in sorted(set(REGION.values()))
        )
    yield f"  {'languages':15}" + " ".join(
        f"{languages[regions == name].mean():7.3f}" for name in sorted(set(REGION.values()))
    )


def names(table: pa.Table) -> str:
    """Return what names are made of."""
    found = table["nome"].to_pylist()
    led = np.mean([any(f" {word} " in name for word in ("da", "das", "de", "do", "dos")) for name in found])
    ended = np.mean([name.endswith((" Filho", " Júnior", " Neto", " Sobrinho")) for name in found])
    return f"particle {led:.3f}, suffix {ended:.4f}, distinct {len(set(found)) / len(found):.3f}"


def main() -> None:
    """Print the comparison."""
    wanted = asked()
    print(f"gamer_br, {ROWS:,} rows; {Path(__file__).name}, Python {sys.version.split()[0]}")
    for separation in SEPARATIONS:
        for seed in SEEDS:
            table = sample(separation, seed)
            print(f"separation {separation}, seed {seed}")
            for name, found in drawn(table).items():
                outside, cells, most = compared(found, wanted[name])
                told = ""
                if cells <= 4:
                    told = ", ".join(
                        f"{key} {found[key] / ROWS:.4f} ({share})" for key, share in wanted[name].items()
                    )
                print(f"  {name:22}{outside} of {cells} outside, at most {most:.2f} deviations  {told}")
            games = Counter(
                game for each in table["jogos_favoritos"].to_pylist() for game in each.split(", ")
            )
            print(f"  games by rank: exponent {slope(games, 100):.2f} of 100, {slope(games, 264):.2f} of all")
            print(f"  names: {names(table)}")
            if seed == SEEDS[0] and separation in (0.0, 0.8, 1.0):
                print("\n".join(tastes(table)))


if __name__ == "__main__":
    main()
