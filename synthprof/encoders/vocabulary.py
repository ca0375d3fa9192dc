"""What an encoder knows of a schema: the values of its columns, and what its games are like."""

from dataclasses import dataclass
from pathlib import Path

from synthprof import profiles
from synthprof.profiles.reading import read_csv


@dataclass(frozen=True)
class Game:
    """One game of the catalogue."""

    name: str
    genre: str
    platforms: tuple[str, ...]
    styles: tuple[str, ...]


@dataclass(frozen=True)
class Vocabulary:
    """Every known value by column, and the games."""

    values: tuple[tuple[str, tuple[str, ...]], ...]
    games: tuple[Game, ...]

    @property
    def genres(self) -> tuple[str, ...]:
        """The genres, each once, in the order of the games."""
        return tuple(dict.fromkeys(game.genre for game in self.games))


def read_vocabulary(schema_name: str) -> Vocabulary:
    """The vocabulary of a built-in schema. Raises SpecError for an unknown one."""
    schema = profiles.load_schema(schema_name)
    values = tuple((c.name, c.values) for c in schema.columns if c.values)
    rows = read_csv(Path(profiles.__file__).parent / schema_name / "games.csv")
    return Vocabulary(values, tuple(_game(row) for row in rows))


def _game(row: dict[str, str]) -> Game:
    platforms, styles = (tuple(row[name].split(";")) for name in ("plataformas", "estilos"))
    return Game(row["jogo"], row["genero"], platforms, styles)
