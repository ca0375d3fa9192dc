"""The declarations of a schema's file, made into the columns and archetypes that are drawn."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from pydantic import BaseModel, ValidationError

from synthprof.base.errors import SpecError
from synthprof.schemas.coded_draws import MAKERS
from synthprof.schemas.coded_parts import factors_of
from synthprof.schemas.draw_kinds.model import DrawModel
from synthprof.schemas.draw_kinds.places import Follows
from synthprof.schemas.draws import Draw, Number
from synthprof.schemas.files import MAX_SCHEMA_BYTES, Folder, Rows, parse_toml, read_bounded
from synthprof.schemas.format import columns as declared
from synthprof.schemas.format import file as parts
from synthprof.schemas.format import phrases
from synthprof.schemas.format_features import feature_of
from synthprof.schemas.lines import Path, line_of, lines_of
from synthprof.schemas.messages import told
from synthprof.schemas.mistakes import Mistakes, Wrong, meant, place
from synthprof.schemas.nulls import Nulls
from synthprof.schemas.schema import Archetype, Column
from synthprof.schemas.tables import PARENT


class Unusable(SpecError):
    """A column that has mistakes, which were noted: nothing can be made of it."""


class Compiler:
    """A maker of columns, each after those that it needs, whatever their order in the file.

    start: where the list of columns lies in the file. parent: the columns of the parent, for a child table.
    """

    def __init__(
        self,
        columns: Sequence[declared.Column],
        folder: Folder,
        mistakes: Mistakes,
        start: Path = ("column",),
        parent: Mapping[str, Column] | None = None,
    ) -> None:
        self._folder = folder
        self._mistakes = mistakes
        self._start = start
        self._parent = {
            f"{PARENT}{name}": replace(column, name=f"{PARENT}{name}", inherited=True)
            for name, column in (parent or {}).items()
        }
        self._of_child = parent is not None
        self._places = {column.name: position for position, column in reversed(list(enumerate(columns)))}
        self._declared = columns
        self._made: dict[str, Column | None] = {}
        self._asked: list[str] = []

    def columns(self) -> dict[str, Column]:
        """Return the columns by name, in declared order, without those whose mistakes were noted."""
        for position, column in enumerate(self._declared):
            if self._places[column.name] != position:
                self._mistakes.add((*self._start, position, "name"), _twice(column.name))
        return {column.name: made for column in self._declared if (made := self._column(column.name))}

    def rows(self, file: str, *path: str) -> Rows:
        """Return the rows of a file that the key at `path` names."""
        return _Beside(self._folder).rows(file, *(path or ("file",)))

    def column(self, name: str, *path: str) -> Column:
        """Return another column, which the key at `path` of the column in work names."""
        if name in self._parent:
            return self._parent[name]
        if name not in self._places:
            raise Wrong(f"unknown column {name!r}; {meant(name, [*self._places, *self._parent])}", *path)
        if name in self._asked:
            circle = " -> ".join([*self._asked[self._asked.index(name) :], name])
            raise Wrong(f"columns {circle} are given in a circle; remove one of the shifts", *path)
        if (made := self._column(name)) is None:
            raise Unusable(name)
        return made

    def phrases(self, file: str) -> phrases.Phrases:
        """Return the sentences of a TOML file."""
        try:
            text = read_bounded(self._folder.inside(file), MAX_SCHEMA_BYTES)
            table = parse_toml(text, file)
        except SpecError as error:
            raise Wrong(str(error), "file") from None
        try:
            return phrases.Phrases.model_validate(table)
        except ValidationError as error:
            lines = lines_of(text)
            path, message = next(iter(told(error, table, model=phrases.Phrases).items()))
            where = place(path, table)
            raise Wrong(f"{file}:{line_of(path, lines)}: {where}: {message}", "file") from None

    def _column(self, name: str) -> Column | None:
        if name not in self._made:
            self._asked.append(name)
            self._made[name] = self._noting(self._declared[self._places[name]])
            self._asked.pop()
        return self._made[name]

    def _noting(self, column: declared.Column) -> Column | None:
        """Return a column, or None after its mistakes were noted."""
        start = (*self._start, self._places[column.name])
        try:
            return self._make(column)
        except Unusable:
            return None
        except ValidationError as error:
            for path, message in told(error, self._mistakes.table, start).items():
                self._mistakes.add(path, message)
        except Wrong as error:
            self._mistakes.add((*start, *error.path), str(error))
        except SpecError as error:
            self._mistakes.add((*start, "draw"), str(error))
        except ValueError as error:  # of a model that does not fit what its file holds
            message = " ".join(str(error).split())
            self._mistakes.add(
                (*start, "file"), message if "; " in message else f"{message}; correct the file"
            )
        return None

    def _make(self, column: declared.Column) -> Column:
        if column.name.casefold() == "id":
            raise Wrong(f"name={column.name!r} is taken by the position of the row; rename it", "name")
        if self._of_child and column.hidden:
            raise Wrong("hidden belongs to columns of the parent alone; remove it", "hidden")
        for key in ("feature", "weight"):
            if (self._of_child or column.hidden) and getattr(column, key) is not None:
                whose = "columns of the parent alone" if self._of_child else "columns that are not hidden"
                raise Wrong(f"{key} belongs to {whose}; remove it", key)
        draw = self.draw(column.draw)
        return Column(
            column.name,
            draw,
            None if self._of_child or column.hidden else feature_of(column, draw),
            " ".join(column.doc.split()),
            column.indexed,
            _nulls(column.nulls),
        )

    def draw(self, draw: BaseModel) -> Draw | DrawModel:
        """Return a draw with all that it needs of files and other columns."""
        if not isinstance(draw, DrawModel):
            return MAKERS[type(draw)](draw, self)
        whole = draw.with_files(self)
        for name in whole.given:
            self.column(name, _naming(draw, name))
        if isinstance(whole, Follows):
            return whole.with_texts(self.column(whole.of).draw)
        return whole


def archetype_of(
    archetype: parts.Archetype, columns: Mapping[str, Column], names: Sequence[str], folder: Folder
) -> Archetype:
    """Return an archetype. names: every declared column, those with mistakes too. Raises Wrong."""
    odds = []
    for name, factors in archetype.odds.items():
        if name not in names:
            raise Wrong(f"unknown column {name!r}; {meant(name, names)}", "odds", name)
        if (column := columns.get(name)) is None:
            continue
        values = column.values or _numbers(column)
        odds.append((name, factors_of(factors, values, _Beside(folder), "odds", name)))
    return Archetype(archetype.name, " ".join(archetype.title.split()), archetype.share, tuple(odds))


@dataclass(frozen=True)
class _Beside:
    """The files beside a schema's file, whose mistakes are told at the key that names them."""

    folder: Folder

    def rows(self, file: str, *path: str) -> Rows:
        """Return the rows of a file that the key at `path` names."""
        try:
            return self.folder.rows(file)
        except SpecError as error:
            raise Wrong(str(error), *path) from None


def _numbers(column: Column) -> tuple[str, ...]:
    if column.bounds is None or not isinstance(column.draw, Number):
        raise Wrong(
            f"an archetype cannot shift {column.name}; shift a choice, chance, number or subset",
            "odds",
            column.name,
        )
    return tuple(str(number) for number in range(column.bounds[0], column.bounds[1] + 1))


def _naming(draw: DrawModel, column: str) -> str:
    """Return the key of a draw that names a column, else `draw`."""
    fields = type(draw).model_fields
    return next((field.alias or key for key, field in fields.items() if getattr(draw, key) == column), "draw")


def _nulls(nulls: float | Nulls) -> Nulls | None:
    found = nulls if isinstance(nulls, Nulls) else Nulls(share=nulls)
    return found if found.share or found.given else None


def _twice(name: str) -> str:
    return f"name={name!r} is declared twice; names must differ, so rename one"
