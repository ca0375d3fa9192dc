"""The cost of counting 60 rules and some margins, beside drawing and checking the same block of gamer_br.

Usage: python benchmarks/bench_coherence.py > benchmarks/results/bench_coherence.txt
CPU time of one block of 16,384 rows, the median of 15, in one process.
"""

import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from synthprof.profiles.checks import check
from synthprof.profiles.codes import Lists
from synthprof.profiles.coherence import counts
from synthprof.profiles.drawing import generate
from synthprof.report.overview import count
from synthprof.schemas.loader import schema_folder
from synthprof.schemas.reading import read_schema
from synthprof.schemas.tables import with_tables

TIMES = 15

ON_ROWS = (
    "idade > {} and nivel_competitivo = 'Profissional'",
    "anos_experiencia > {} and idade < 30",
    "objetivo_principal = 'Carreira em eSports' and idade > {}",
    "usa_microfone and disponibilidade in ('Tarde', 'Noite') and idade > {}",
)
ON_LISTS = (
    "contains(jogos_favoritos.genero, 'FPS', 'MOBA') and idade > {}",
    "all(jogos_favoritos.genero = 'Puzzle') and anos_experiencia > {}",
    "contains(plataformas_possuidas, 'Celular') and count(plataformas_possuidas) = 1 and idade > {}",
    "overlap(estilos_preferidos, jogos_favoritos.estilos) < count(estilos_preferidos) and idade > {}",
    "contains(idiomas, 'Mandarim') and not contains(idiomas, 'Inglês') and idade > {}",
    "first(plataformas_possuidas) = 'PC' and contains(estilos_preferidos, 'Casual') and idade > {}",
)
MARGINS = """
[[margin]]
name = "women"
columns = ["sexo"]
shares = { Feminino = 0.5, Masculino = 0.5 }
source = "none"

[[margin]]
name = "ages by state"
columns = ["estado", "idade"]
shares = { SP = { "16-24" = 0.1, "25-" = 0.3 }, BA = { "16-24" = 0.1, "25-" = 0.3 } }
source = "none"
"""


def rules() -> str:
    """Sixty rules, of the ten kinds above."""
    kinds = (*ON_ROWS, *ON_LISTS)
    texts = [kinds[n % len(kinds)].format(16 + n) for n in range(60)]
    form = '[[rule]]\nname = "rule {}"\ndoc = "A rule."\ncondition = """{}"""\nceiling = 0.001\n'
    return "\n".join(form.format(n, text) for n, text in enumerate(texts))


def seconds(work: Callable[[], object]) -> float:
    """Median CPU seconds."""
    work()
    found = []
    for _ in range(TIMES):
        began = time.process_time()
        work()
        found.append(time.process_time() - began)
    return statistics.median(found)


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(shutil.copytree(schema_folder("gamer_br"), Path(place) / "gamers"))
        file = folder / "schema.toml"
        own = file.read_text(encoding="utf-8").partition("# --- Rules")[0]
        file.write_text(own + rules() + MARGINS, encoding="utf-8")
        schema = with_tables(read_schema(folder), "none")
    profiles = generate(schema, 7, "pt_BR", 0.8, 0).profiles
    clusters, chosen = np.zeros(len(profiles), np.int64), np.arange(128)
    warm = Lists(profiles)
    counts(schema, profiles, lists=warm)

    def before() -> None:
        check(schema, profiles)
        count(schema, profiles, clusters, chosen)

    def shared() -> None:
        lists = Lists(profiles)
        check(schema, profiles, lists)
        count(schema, profiles, clusters, chosen, lists)
        counts(schema, profiles, lists=lists)

    drawn = seconds(lambda: generate(schema, 7, "pt_BR", 0.8, 1))
    alone = seconds(lambda: counts(schema, profiles, lists=warm))
    decoding = seconds(lambda: counts(schema, profiles))
    parts = {
        "generate: draw the block": drawn,
        "publish: check and count traits, each reading lists anew": seconds(before),
        "publish: check, traits, 60 rules and margins, lists read once": seconds(shared),
        "60 rules and 2 margins, lists already read": alone,
        "60 rules and 2 margins, lists read for them": decoding,
    }
    for name, each in parts.items():
        print(f"{name:64} {1000 * each:7.2f} ms {each / drawn:7.1%} of generate")


if __name__ == "__main__":
    main()
