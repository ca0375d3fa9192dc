"""What an encoder knows of a schema: the values of its columns, and what its games are like."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from synthprof.schemas import loader
from synthprof.schemas.draws import Lookup
from synthprof.schemas.files import read_csv
from synthprof.schemas.schema import Schema


@dataclass(frozen=True)
class Game:
    """One game of the catalogue."""

    name: str
    genre: str
    platforms: tuple[str, ...]
    styles: tuple[str, ...]


@dataclass(frozen=True)
class Vocabulary:
    """Every known value of a schema by column, the games, and each city with its state."""

    schema: str
    values: tuple[tuple[str, tuple[str, ...]], ...]
    games: tuple[Game, ...]
    cities: tuple[tuple[str, str], ...]

    @property
    def genres(self) -> tuple[str, ...]:
        """The genres, each once, in the order of the games."""
        return tuple(dict.fromkeys(game.genre for game in self.games))


def read_vocabulary(schema_name: str) -> Vocabulary:
    """The vocabulary of a built-in schema. Raises SpecError for an unknown one."""
    schema = loader.load_schema(schema_name)
    values = tuple((c.name, c.values) for c in schema.columns if c.values)
    rows = read_csv(Path(loader.__file__).parent / schema_name / "games.csv")
    return Vocabulary(schema_name, values, tuple(_game(row) for row in rows), tuple(_cities(schema)))


def _cities(schema: Schema) -> Iterator[tuple[str, str]]:
    for draw in (column.draw for column in schema.columns):
        if isinstance(draw, Lookup):
            states = (draw.values[code] for code in draw.codes)
            yield from zip(schema.column(draw.column).values, states, strict=True)


def _game(row: dict[str, str]) -> Game:
    platforms, styles = (tuple(row[name].split(";")) for name in ("plataformas", "estilos"))
    return Game(row["jogo"], row["genero"], platforms, styles)
