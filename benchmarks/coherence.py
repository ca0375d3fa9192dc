"""Rows of gamer_br that contradict themselves, by rules that a reader would name.

    .venv/bin/python benchmarks/coherence.py [--rows 200000] [--seeds 7,42] > benchmarks/results/coherence.txt

The rules are written apart from the schema: they read the rows as the table has them, beside the genres,
styles and modes of games in games.csv. For each separation the share of rows that break each rule, and any.
`--of FOLDER` draws by the package in another folder, such as that of an older commit.
"""

import argparse
import csv
import functools
import io
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

OPTIONS = argparse.ArgumentParser(description=__doc__.splitlines()[0])
OPTIONS.add_argument("--rows", type=int, default=200_000)
OPTIONS.add_argument("--seeds", default="7,42")
OPTIONS.add_argument("--of", help="a folder with a package synthprof to draw by")
OPTIONS.add_argument("--show", type=int, default=0, help="rows to print of each rule at 0.8")
GIVEN = OPTIONS.parse_args()
if GIVEN.of:
    sys.path.insert(0, GIVEN.of)

from synthprof.profiles.drawing import generate  # noqa: E402  by the package that was asked for
from synthprof.schemas.loader import load_schema  # noqa: E402

GAMES_CSV = Path(__file__).parents[1] / "synthprof/schemas/gamer_br/games.csv"
SEPARATIONS = (0.0, 0.8, 1.0)
BLOCK = 16_384
SEPARATOR = ", "

HARD = ("Competitivo", "Ranqueado", "Hardcore")
CONTEST = ("Competitivo", "PvP", "Ranqueado", "Tático", "Hardcore", "Partidas rápidas", "Tela dividida")
CONSOLES = ("PlayStation 5", "PlayStation 4", "Xbox Series X|S", "Xbox One", "Nintendo Switch")
COMPETING_GENRES = ("FPS", "Battle Royale", "MOBA", "Esportes", "Corrida", "Luta", "Estratégia", "Cartas")
COMPETING_STYLES = ("Competitivo", "PvP", "Ranqueado")
STORY_GENRES = ("RPG", "Aventura", "Terror", "MMORPG")
YOUNG_GAMES = (
    "Roblox",
    "Stumble Guys",
    "Brawl Stars",
    "Poppy Playtime",
    "Friday Night Funkin'",
    "Gorilla Tag",
)
RANKS = ("Casual", "Iniciante", "Intermediário", "Avançado", "Semiprofissional", "Profissional")


class Rows:
    """The rows of a data set as arrays: texts of categories, numbers, items of lists and what they have."""

    def __init__(self, table: dict[str, list]) -> None:
        self.table = table
        self.count = len(table["idade"])

    @functools.cache  # noqa: B019  of a few objects, which live as long as the script
    def __getitem__(self, name: str) -> np.ndarray:
        return np.array(self.table[name])

    def is_(self, name: str, *values: str) -> np.ndarray:
        """Return whether the value of a category is one of those."""
        return np.isin(self[name], values)

    @functools.cache  # noqa: B019
    def items(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """Return the items of all lists, one after the other, and where each list begins."""
        lists = [text.split(SEPARATOR) for text in self.table[name]]
        sizes = np.array([len(each) for each in lists])
        return np.array([item for each in lists for item in each]), np.cumsum(sizes) - sizes

    def any_(self, name: str, marks: Callable[[str], bool]) -> np.ndarray:
        """Return whether an item of a list is marked."""
        return np.logical_or.reduceat(self._marked(name, marks), self.items(name)[1])

    def every(self, name: str, marks: Callable[[str], bool]) -> np.ndarray:
        """Return whether all items of a list are marked."""
        return np.logical_and.reduceat(self._marked(name, marks), self.items(name)[1])

    def has(self, name: str, *values: str) -> np.ndarray:
        """Return whether a list holds one of those."""
        return self.any_(name, lambda item: item in values)

    def only(self, name: str, *values: str) -> np.ndarray:
        """Return whether a list holds nothing but those."""
        return self.every(name, lambda item: item in values)

    def _marked(self, name: str, marks: Callable[[str], bool]) -> np.ndarray:
        items, _ = self.items(name)
        known, codes = np.unique(items, return_inverse=True)
        return np.array([marks(item) for item in known.tolist()])[codes]

    def plays(self, attribute: str, *values: str) -> np.ndarray:
        """Return whether a favourite game has one of those in a column of games.csv."""
        return self.any_("jogos_favoritos", lambda game: bool(set(values) & GAMES[game][attribute]))

    def rank(self) -> np.ndarray:
        """Return the rank as a number from 0, Casual, to 5."""
        return np.array([RANKS.index(each) for each in self.table["nivel_competitivo"]])

    def not_offered(self) -> np.ndarray:
        """Return whether a preferred style is one that no favourite game offers."""
        return self._beyond("estilos_preferidos", "jogos_favoritos", lambda game: GAMES[game]["estilos"])

    def without_platform(self) -> np.ndarray:
        """Return whether a favourite game runs on no platform of the player."""
        wanted = zip(self.table["jogos_favoritos"], self.table["plataformas_possuidas"], strict=True)
        return np.array([_homeless(games, owned) for games, owned in wanted])

    def idle_first(self) -> np.ndarray:
        """Return whether no favourite game runs on the platform that is used most."""
        wanted = zip(self.table["jogos_favoritos"], self.table["plataformas_possuidas"], strict=True)
        return np.array([_idle(games, owned) for games, owned in wanted])

    def _beyond(self, name: str, other: str, offers: Callable[[str], set[str]]) -> np.ndarray:
        return np.array(
            [
                _lacks(mine, theirs, offers)
                for mine, theirs in zip(self.table[name], self.table[other], strict=True)
            ]
        )


def _lacks(mine: str, theirs: str, offers: Callable[[str], set[str]]) -> bool:
    offered = set().union(*(offers(item) for item in theirs.split(SEPARATOR)))
    return not set(mine.split(SEPARATOR)) <= offered


def _homeless(games: str, owned: str) -> bool:
    platforms = set(owned.split(SEPARATOR))
    return any(not GAMES[game]["plataformas"] & platforms for game in games.split(SEPARATOR))


def _idle(games: str, owned: str) -> bool:
    first = owned.split(SEPARATOR)[0]
    return not any(first in GAMES[game]["plataformas"] for game in games.split(SEPARATOR))


def read_games() -> dict[str, dict[str, set[str]]]:
    """Return what each game has, by column."""
    text = "\n".join(line for line in GAMES_CSV.read_text().splitlines() if not line.startswith("#"))
    return {
        row["jogo"]: {key: set(cell.split(";")) for key, cell in row.items()}
        for row in csv.DictReader(io.StringIO(text))
    }


GAMES = read_games()


def contest(r: Rows) -> np.ndarray:
    """Return whether a favourite game is played against others, by genre or style."""
    return r.plays("genero", *COMPETING_GENRES) | r.plays("estilos", *COMPETING_STYLES)


def story(r: Rows) -> np.ndarray:
    """Return whether a favourite game tells a story, by genre or style."""
    return r.plays("genero", *STORY_GENRES) | r.plays("estilos", "Narrativo")


def apart(r: Rows) -> np.ndarray:
    """Return whether nobody can be met in any favourite game."""
    return ~r.plays("modos", "online", "local")


GOAL, WISH, RANK, TALK, WHEN = (
    "objetivo_principal",
    "interacao_desejada",
    "nivel_competitivo",
    "estilo_comunicacao",
    "disponibilidade",
)
PRO = ("Semiprofissional", "Profissional")

RULES: dict[str, Callable[[Rows], np.ndarray]] = {
    # styles and games
    "a style that no favourite game offers": lambda r: r.not_offered(),
    "a favourite game without a platform for it": lambda r: r.without_platform(),
    "no favourite game runs on the platform used most": lambda r: r.idle_first(),
    "virtual reality without a headset": lambda r: (
        r.every("jogos_favoritos", lambda g: GAMES[g]["plataformas"] == {"Meta Quest"})
        & ~r.has("plataformas_possuidas", "Meta Quest")
    ),
    "split screen without a console": lambda r: (
        r.has("estilos_preferidos", "Tela dividida") & ~r.has("plataformas_possuidas", *CONSOLES)
    ),
    "online styles with games for one alone": lambda r: (
        apart(r) & r.has("estilos_preferidos", "PvP", "Ranqueado", "Social", "Cooperativo", "PvE")
    ),
    # rank and styles
    "casual yet ranked": lambda r: r.is_(RANK, "Casual") & r.has("estilos_preferidos", "Ranqueado"),
    "casual yet competitive style": lambda r: (
        r.is_(RANK, "Casual") & r.has("estilos_preferidos", "Competitivo")
    ),
    "casual yet hardcore": lambda r: r.is_(RANK, "Casual") & r.has("estilos_preferidos", "Hardcore"),
    "casual yet speedruns": lambda r: r.is_(RANK, "Casual") & r.has("estilos_preferidos", "Speedrun"),
    "beginner yet hardcore or speedruns": lambda r: (
        r.is_(RANK, "Iniciante") & r.has("estilos_preferidos", "Hardcore", "Speedrun")
    ),
    "professional without a style of contest": lambda r: (
        r.is_(RANK, "Profissional") & ~r.has("estilos_preferidos", *CONTEST)
    ),
    "professional or nearly, and plays alone only": lambda r: (
        r.is_(RANK, *PRO) & r.only("estilos_preferidos", "Solo", "Narrativo", "Exploração")
    ),
    # rank and games
    "advanced without a game of contest": lambda r: (r.rank() >= 3) & ~contest(r),
    "advanced in puzzles for one alone": lambda r: (
        (r.rank() >= 3) & r.every("jogos_favoritos", lambda g: GAMES[g]["genero"] == {"Casual"})
    ),
    "professional without a ranked game": lambda r: (
        r.is_(RANK, "Profissional") & ~r.plays("modos", "ranqueado", "esports")
    ),
    "semiprofessional without a ranked game": lambda r: (
        r.is_(RANK, "Semiprofissional") & ~r.plays("modos", "ranqueado", "esports")
    ),
    "advanced with farms and cosy games alone": lambda r: (
        (r.rank() >= 3)
        & r.every("jogos_favoritos", lambda g: bool(GAMES[g]["genero"] & {"Simulação", "Casual"}))
    ),
    # rank and years
    "professional within 3 years": lambda r: r.is_(RANK, "Profissional") & (r["anos_experiencia"] < 4),
    "semiprofessional within 3 years": lambda r: (
        r.is_(RANK, "Semiprofissional") & (r["anos_experiencia"] < 4)
    ),
    "advanced within a year": lambda r: (r.rank() >= 3) & (r["anos_experiencia"] < 2),
    "beginner after 10 years": lambda r: r.is_(RANK, "Iniciante") & (r["anos_experiencia"] >= 10),
    "professional at 40 or more": lambda r: r.is_(RANK, "Profissional") & (r["idade"] >= 40),
    "semiprofessional at 55 or more": lambda r: r.is_(RANK, "Semiprofissional") & (r["idade"] >= 55),
    # goal and rank
    "competes, but is casual": lambda r: r.is_(GOAL, "Competição") & r.is_(RANK, "Casual"),
    "career in eSports, but casual or a beginner": lambda r: (
        r.is_(GOAL, "Carreira em eSports") & (r.rank() <= 1)
    ),
    "relaxes, but advanced or more": lambda r: r.is_(GOAL, "Relaxamento") & (r.rank() >= 3),
    "fun alone, but professional": lambda r: r.is_(GOAL, "Diversão") & r.is_(RANK, "Profissional"),
    "stories, but nearly professional": lambda r: r.is_(GOAL, "Explorar histórias") & r.is_(RANK, *PRO),
    "friends above all, but professional": lambda r: (
        r.is_(GOAL, "Socialização") & r.is_(RANK, "Profissional")
    ),
    # goal and games
    "competes without a game of contest": lambda r: r.is_(GOAL, "Competição") & ~contest(r),
    "career in eSports without a game that has them": lambda r: (
        r.is_(GOAL, "Carreira em eSports") & ~r.plays("modos", "esports")
    ),
    "career in eSports without a game of contest": lambda r: r.is_(GOAL, "Carreira em eSports") & ~contest(r),
    "stories without a game that has one": lambda r: r.is_(GOAL, "Explorar histórias") & ~story(r),
    "company above all, with games for one alone": lambda r: r.is_(GOAL, "Socialização") & apart(r),
    # goal and styles
    "relaxes, but hardcore": lambda r: r.is_(GOAL, "Relaxamento") & r.has("estilos_preferidos", "Hardcore"),
    "relaxes, but ranked or competitive": lambda r: (
        r.is_(GOAL, "Relaxamento") & r.has("estilos_preferidos", "Ranqueado", "Competitivo")
    ),
    "relaxes, but souls-like or speedruns": lambda r: (
        r.is_(GOAL, "Relaxamento") & r.has("estilos_preferidos", "Soulslike", "Speedrun")
    ),
    "competes, but plays alone only": lambda r: (
        r.is_(GOAL, "Competição") & r.only("estilos_preferidos", "Solo")
    ),
    "company above all, but plays alone only": lambda r: (
        r.is_(GOAL, "Socialização") & r.only("estilos_preferidos", "Solo")
    ),
    "career in eSports, with calm styles alone": lambda r: (
        r.is_(GOAL, "Carreira em eSports") & ~r.has("estilos_preferidos", *CONTEST)
    ),
    "stories, with styles of contest alone": lambda r: (
        r.is_(GOAL, "Explorar histórias") & r.only("estilos_preferidos", "PvP", "Ranqueado", "Competitivo")
    ),
    # goal and age, availability, years
    "career in eSports at 35 or more": lambda r: r.is_(GOAL, "Carreira em eSports") & (r["idade"] >= 35),
    "career in eSports from a weekend": lambda r: (
        r.is_(GOAL, "Carreira em eSports") & r.is_(WHEN, "Fins de semana")
    ),
    "professional from a weekend": lambda r: r.is_(RANK, "Profissional") & r.is_(WHEN, "Fins de semana"),
    "career in eSports within a year": lambda r: (
        r.is_(GOAL, "Carreira em eSports") & (r["anos_experiencia"] < 2)
    ),
    # wish
    "plays online, with games for one alone": lambda r: (
        r.is_(WISH, "Jogar online") & ~r.plays("modos", "online")
    ),
    "a fixed team, with no game for teams": lambda r: (
        r.is_(WISH, "Formar equipe fixa") & ~r.plays("modos", "equipe")
    ),
    "championships without a game of contest": lambda r: r.is_(WISH, "Disputar campeonatos") & ~contest(r),
    "championships without a ranked game": lambda r: (
        r.is_(WISH, "Disputar campeonatos") & ~r.plays("modos", "ranqueado", "esports")
    ),
    "championships, but casual": lambda r: r.is_(WISH, "Disputar campeonatos") & r.is_(RANK, "Casual"),
    "championships to relax": lambda r: r.is_(WISH, "Disputar campeonatos") & r.is_(GOAL, "Relaxamento"),
    "championships for the stories": lambda r: (
        r.is_(WISH, "Disputar campeonatos") & r.is_(GOAL, "Explorar histórias")
    ),
    "a fixed team to relax": lambda r: r.is_(WISH, "Formar equipe fixa") & r.is_(GOAL, "Relaxamento"),
    "makes content, but wishes to watch": lambda r: (
        r.is_(GOAL, "Criação de conteúdo") & r.is_(WISH, "Assistir a transmissões")
    ),
    "career in eSports, but wishes to watch": lambda r: (
        r.is_(GOAL, "Carreira em eSports") & r.is_(WISH, "Assistir a transmissões")
    ),
    "a fixed team, and plays alone only": lambda r: (
        r.is_(WISH, "Formar equipe fixa") & r.only("estilos_preferidos", "Solo")
    ),
    "championships, and plays alone only": lambda r: (
        r.is_(WISH, "Disputar campeonatos") & r.only("estilos_preferidos", "Solo", "Narrativo")
    ),
    # voice and manner
    "a microphone, with games for one alone": lambda r: (
        (r["usa_microfone"] == 1) & ~r.plays("modos", "online") & ~r.is_(GOAL, "Criação de conteúdo")
    ),
    "career in eSports without a microphone": lambda r: (
        r.is_(GOAL, "Carreira em eSports") & (r["usa_microfone"] == 0)
    ),
    "reserved, but company above all": lambda r: r.is_(TALK, "Reservado") & r.is_(GOAL, "Socialização"),
    "reserved, but wishes for friends": lambda r: r.is_(TALK, "Reservado") & r.is_(WISH, "Fazer amizades"),
    "reserved, but makes content": lambda r: r.is_(TALK, "Reservado") & r.is_(GOAL, "Criação de conteúdo"),
    # years and platforms
    "a phone alone, and more than 16 years": lambda r: (
        r.only("plataformas_possuidas", "Celular") & (r["anos_experiencia"] > 16)
    ),
    "a headset and a phone alone, and more than 16 years": lambda r: (
        r.only("plataformas_possuidas", "Celular", "Meta Quest") & (r["anos_experiencia"] > 16)
    ),
    "began before 4": lambda r: r["idade"] - r["anos_experiencia"] < 4,
    "began before there were consoles, in 1983": lambda r: r["anos_experiencia"] > 41,
    "a beginner who began 30 years ago": lambda r: (r["anos_experiencia"] > 30) & (r.rank() == 1),
    # age
    "K-pop, trap or phonk at 65 or more": lambda r: (
        (r["idade"] >= 65) & r.has("interesses_musicais", "K-pop", "Trap", "Phonk", "Músicas de anime")
    ),
    "children's games alone at 60 or more": lambda r: (
        (r["idade"] >= 60) & r.only("jogos_favoritos", *YOUNG_GAMES)
    ),
    "through the night at 75": lambda r: (
        (r["idade"] >= 75) & r.is_(WHEN, "Madrugada") & r.is_(GOAL, "Competição")
    ),
    "puzzles of the middle-aged alone at 16": lambda r: (
        (r["idade"] <= 17)
        & r.only("jogos_favoritos", "Candy Crush Saga", "Gardenscapes", "Township", "Royal Match")
    ),
    # languages
    "a language of Asia without English": lambda r: (
        r.has("idiomas", "Mandarim", "Coreano", "Japonês") & ~r.has("idiomas", "Inglês")
    ),
    "French without English": lambda r: r.has("idiomas", "Francês") & ~r.has("idiomas", "Inglês"),
}


def drawn(rows: int, seed: int, separation: float) -> Rows:
    """Draw rows and return them as they stand in the table."""
    schema, table = load_schema("gamer_br"), {}
    for number in range(-(-rows // BLOCK)):
        batch = generate(
            schema, seed, "pt_BR", separation, number, min(BLOCK, rows - number * BLOCK)
        ).profiles
        for name in batch.schema.names:
            table.setdefault(name, []).extend(batch[name].to_pylist())
    return Rows(table)


def told(rows: int, seeds: Sequence[int]) -> None:
    """Print the share of rows that break each rule, at each separation."""
    found = {name: [] for name in (*RULES, "any rule")}
    for separation in SEPARATIONS:
        for seed in seeds:
            people, broken = drawn(rows, seed, separation), np.zeros(rows, dtype=bool)
            for name, rule in RULES.items():
                wrong = rule(people)
                broken |= wrong
                found[name].append(wrong.mean())
                if GIVEN.show and separation == 0.8:
                    shown(name, people, wrong)
            found["any rule"].append(broken.mean())
    heads = [f"{separation:g}, {seed}" for separation in SEPARATIONS for seed in seeds]
    print(f"{len(RULES)} rules, {rows:,} rows; percent of rows that break one, by separation and seed\n")
    print(f"{'':52}" + "".join(f"{head:>10}" for head in heads))
    for name, shares in found.items():
        print(f"{name:52}" + "".join(f"{100 * share:10.3f}" for share in shares))


def shown(name: str, people: Rows, wrong: np.ndarray) -> None:
    """Print some rows that break a rule."""
    for at in np.flatnonzero(wrong)[: GIVEN.show].tolist():
        print(name, "|", {key: each[at] for key, each in people.table.items() if key != "descricao"})


if __name__ == "__main__":
    told(GIVEN.rows, [int(seed) for seed in GIVEN.seeds.split(",")])
