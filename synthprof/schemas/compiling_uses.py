"""Declarations in a schema's file of the uses of its columns, made into encoding, view and texts."""

import dataclasses
import re
import string
from collections.abc import Iterable, Mapping
from typing import Any

from synthprof.base.errors import SpecError
from synthprof.schemas.coded_parts import number_in
from synthprof.schemas.files import Folder, Rows
from synthprof.schemas.format import SchemaFile
from synthprof.schemas.format import uses as declared
from synthprof.schemas.languages import folded
from synthprof.schemas.lines import Path
from synthprof.schemas.mistakes import Mistakes, Wrong, meant, quoted
from synthprof.schemas.rules import ITEM_SEPARATOR
from synthprof.schemas.schema import Column, Schema
from synthprof.schemas.texts import Group, Texts, Tokens, Tongue
from synthprof.schemas.uses import (
    Attribute,
    Encoding,
    Item,
    Items,
    LinePart,
    Scale,
    View,
    default_view,
    default_weight,
)


class Uses:
    """The uses of columns that a file declares; what does not fit the columns is noted as a mistake.

    columns: those without mistakes. names: all that are declared.
    """

    def __init__(
        self,
        file: SchemaFile,
        columns: Mapping[str, Column],
        names: Iterable[str],
        folder: Folder,
        mistakes: Mistakes,
    ) -> None:
        self._file, self._columns, self._names = file, columns, tuple(names)
        self._folder, self._mistakes = folder, mistakes

    def encoding(self) -> Encoding | None:
        """Return the use of the columns by encoders and searches; None where the file says nothing of it."""
        file, shown = self._file, [each for each in self._file.column if not each.hidden]
        weights = {each.name: each.weight for each in shown}
        if set(weights.values()) == {None} and not {"encoding", "search"} & file.model_fields_set:
            return None
        for column, anchors in file.encoding.anchors.items():
            self._check(("encoding", "anchors", column), column)
            if list(anchors) != sorted(set(anchors)):
                self._mistakes.add(("encoding", "anchors", column), f"{column} must ascend; put it in order")
        for position, column in enumerate(file.search.conditions):
            self._check(("search", "conditions", position), column)
        for position, scale in enumerate(file.encoding.scale):
            self._check(("encoding", "scale", position, "column"), scale.column)
        return Encoding(
            {name: weight for name, each in weights.items() if (weight := self._weight(name, each))},
            {column: tuple(map(float, each)) for column, each in file.encoding.anchors.items()},
            self._items(file.encoding.items) if file.encoding.items else None,
            file.search.conditions,
            tuple(Scale(each.column, each.factor, each.limit) for each in file.encoding.scale),
        )

    def check_view(self) -> None:
        """Note the unknown columns of the view."""
        view = self._file.view
        named: list[tuple[Path, str]] = [
            *((("view", key), column) for key in ("name", "text") if (column := getattr(view, key))),
            *((("view", "lists", at), column) for at, column in enumerate(view.lists)),
            *((("view", "table", at), column) for at, column in enumerate(view.table)),
            *(
                (("view", "line", at, "columns"), each)
                for at, part in enumerate(view.line)
                for each in part.columns
            ),
        ]
        for path, column in named:
            self._check(path, column)
        for at, line in enumerate(view.map):
            self._check_template(("view", "map", at), line)

    def view(self, schema: Schema) -> View:
        """Return the places of the columns on cards, in tables and on the map.

        Those of which the file says nothing follow from the schema.
        """
        view, told = self._file.view, default_view(schema)
        lines = tuple(LinePart(each.columns, each.unit) for each in view.line)
        said: dict[str, Any] = {
            "name": view.name or "",
            "text": view.text or "",
            "line": lines,
            "lists": view.lists,
            "table": view.table,
            "map": view.map,
        }
        return dataclasses.replace(
            told,
            **{key: said[key] for key in view.model_fields_set},
            language=self._file.language,
            row=self._file.row or "",
            examples=self._file.search.examples or told.examples,
            title=" ".join((self._file.title or "").split()),
        )

    def texts(self) -> Texts:
        """Return how texts are read."""
        words = self._file.words
        if "words" not in self._file.model_fields_set:
            return Texts()
        for column in words.numbers:
            self._check(("words", "numbers", column), column)
        if words.bare:
            self._check(("words", "bare"), words.bare)
        for key in ("weights", "item_shares"):
            for column in getattr(words, key):
                self._check(("words", key, column), column, self._attributes())
        return Texts(
            ignored=words.ignored,
            place=words.place,
            common_places=(*words.common_places, *self._small(words.small_places)),
            years=words.years or Texts().years,
            months=words.months,
            numbers=dict(words.numbers),
            weights=dict(words.weights),
            items=dict(words.item_shares),
            synonyms=self._synonyms(("words", "synonyms"), words.synonyms) if words.synonyms else (),
            bare=words.bare or "",
            groups=tuple(self._group(at, each) for at, each in enumerate(words.group)),
            tongues=tuple(self._tongue(at, each) for at, each in enumerate(words.tongue)),
        )

    def _tongue(self, at: int, tongue: declared.Tongue) -> Tongue:
        start = ("words", "tongue", at)
        for column in tongue.numbers:
            self._check((*start, "numbers", column), column)
        synonyms = tongue.synonyms
        return Tongue(
            tongue.language,
            tongue.years or Tongue("").years,
            dict(tongue.numbers),
            self._synonyms((*start, "synonyms"), synonyms) if synonyms else (),
        )

    def _group(self, at: int, group: declared.Group) -> Group:
        start = ("words", "group", at)
        for place, column in enumerate(group.columns):
            self._check((*start, "columns", place), column)
        if len(group.keys) != len(group.columns):
            self._mistakes.add(
                (*start, "keys"),
                f"{len(group.keys)} keys for {len(group.columns)} columns; name one key for each column",
            )
        rows = self._rows((*start, "file"), group.file)
        headers = (*group.keys, *([group.values] if group.values else []))
        if not all([self._has_header((*start, "keys"), header, rows) for header in headers]):
            return Group(group.name, group.columns, ())
        members = (
            (value, tuple(row[key] for key in group.keys))
            for row in rows
            for value in (row[group.values].split(ITEM_SEPARATOR) if group.values else ("true",))
            if value
        )
        return Group(group.name, group.columns, tuple(dict.fromkeys(members)))

    def _weight(self, name: str, weight: float | None) -> float:
        if weight is not None or name not in self._columns:
            return weight or 0.0
        return default_weight(self._columns[name])

    def _items(self, items: declared.Items) -> Items:
        start = ("encoding", "items")
        self._check((*start, "column"), items.column)
        rows = self._rows((*start, "file"), items.file)
        sources = {each.name: each.values for each in items.attribute}
        attributes = tuple(Attribute(each.name, each.share) for each in items.attribute)
        keys: list[tuple[Path, str]] = [((*start, "values"), items.values)]
        keys += [
            ((*start, "attribute", at, "values"), each.values) for at, each in enumerate(items.attribute)
        ]
        missing = [self._has_header(path, header, rows) for path, header in keys]
        found = () if not all(missing) else rows
        return Items(
            items.column,
            items.share,
            attributes,
            tuple(
                Item(
                    row[items.values],
                    {name: tuple(row[source].split(ITEM_SEPARATOR)) for name, source in sources.items()},
                )
                for row in found
            ),
        )

    def _synonyms(self, start: Path, synonyms: declared.Synonyms) -> tuple[tuple[str, Tokens], ...]:
        rows = self._rows((*start, "file"), synonyms.file)
        keys = (("phrase", synonyms.phrase), ("meaning", synonyms.meaning))
        if not all([self._has_header((*start, key), header, rows) for key, header in keys]):
            return ()
        found = []
        for row in rows:
            pairs = [_meaning(text) for text in row[synonyms.meaning].split(ITEM_SEPARATOR) if text]
            for column, value in pairs:
                where = f"{synonyms.file}:{row.line}: {quoted(row[synonyms.meaning])!r}"
                if not value:
                    self._mistakes.add((*start, "file"), f"{where} is no column=value; write both")
                self._check((*start, "file"), column, (*self._attributes(), *self._groups()), f"{where}: ")
            found.append((row[synonyms.phrase], tuple(pairs)))
        return tuple(found)

    def _small(self, places: declared.SmallPlaces | None) -> tuple[str, ...]:
        """Return the folded names of small places; of places of one name the largest counts."""
        if places is None:
            return ()
        start = ("words", "small_places")
        rows = self._rows((*start, "file"), places.file)
        keys = (("values", places.values), ("number", places.number))
        if not all([self._has_header((*start, key), header, rows) for key, header in keys]):
            return ()
        largest: dict[str, float] = {}
        for row in rows:
            name = folded(row[places.values])
            try:
                number = number_in(row, places.number, places.file)
            except Wrong as error:
                self._mistakes.add((*start, "number"), str(error))
                return ()
            largest[name] = max(number, largest.get(name, 0.0))
        return tuple(sorted(name for name, number in largest.items() if number < places.below))

    def _attributes(self) -> tuple[str, ...]:
        items = self._file.encoding.items
        return tuple(each.name for each in items.attribute) if items else ()

    def _groups(self) -> tuple[str, ...]:
        return tuple(each.name for each in self._file.words.group)

    def _rows(self, path: Path, file: str) -> Rows:
        try:
            return self._folder.rows(file)
        except SpecError as error:
            self._mistakes.add(path, str(error))
            return []

    def _has_header(self, path: Path, header: str, rows: Rows) -> bool:
        if rows and header not in rows[0]:
            message = (
                f"{path[-1]}={quoted(header)!r} is no column of the file; {meant(header, list(rows[0]))}"
            )
            self._mistakes.add(path, message)
        return bool(rows) and header in rows[0]

    def _check_template(self, path: Path, template: str) -> None:
        try:
            named = [name for _, name, _, _ in string.Formatter().parse(template) if name is not None]
        except ValueError as error:
            self._mistakes.add(path, f"{quoted(template)!r}: {error}; write columns in braces, as {{age}}")
            return
        for name in named:
            self._check(path, name)

    def _check(self, path: Path, column: str, more: tuple[str, ...] = (), where: str = "") -> None:
        known = (*self._names, *more)
        if column not in known:
            self._mistakes.add(path, f"{where}unknown column {quoted(column)!r}; {meant(column, known)}")


def _meaning(text: str) -> tuple[str, str]:
    """Return column and value of `column=value`, the value with its sign for a bound, as of `age>=60`."""
    column, sign, value = (*re.split(r"(<=|>=|=|<|>)", text, maxsplit=1), "", "")[:3]
    return column, value if sign == "=" else sign + value
