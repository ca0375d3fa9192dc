"""Reading of a schema: the file `schema.toml` in its folder, and the files of values that it names."""

from collections.abc import Mapping
from pathlib import Path

from pydantic import ValidationError

from synthprof.base.errors import SpecError
from synthprof.schemas.bundle import SCHEMA_TOML, Bundle
from synthprof.schemas.compiling import Compiler, archetype_of
from synthprof.schemas.compiling_duplicates import record_errors
from synthprof.schemas.compiling_rules import Counted
from synthprof.schemas.compiling_tables import tables_of
from synthprof.schemas.compiling_uses import Uses
from synthprof.schemas.features import TanhRatio
from synthprof.schemas.files import MAX_SCHEMA_BYTES, Folder, parse_toml, read_bounded
from synthprof.schemas.format import SchemaFile
from synthprof.schemas.languages import spoken
from synthprof.schemas.lines import Path as Keys
from synthprof.schemas.literal import mistyped
from synthprof.schemas.messages import told
from synthprof.schemas.mistakes import Mistakes, SchemaError, Wrong, meant, shown_path
from synthprof.schemas.schema import Archetype, Column, Schema


def read_schema(folder: Path) -> Schema:
    """Return the drawn part of the schema that a folder declares. Raises SchemaError as `read_bundle`."""
    return read_bundle(folder).schema


def read_bundle(folder: Path) -> Bundle:
    """Return the schema that a folder declares, with all that its files hold.

    Raises SchemaError, which lists the mistakes of the file, each with line, value, rule and remedy.
    """
    shown = shown_path(folder / SCHEMA_TOML)
    try:
        text = read_bounded(folder / SCHEMA_TOML, MAX_SCHEMA_BYTES)
        table = parse_toml(text, SCHEMA_TOML)
    except SpecError as error:
        raise SchemaError(str(error).replace(SCHEMA_TOML, shown, 1)) from None
    mistakes = Mistakes(shown, table, text)
    try:
        file = SchemaFile.model_validate(table)
    except ValidationError as error:
        for path, message in told(error, table).items():
            mistakes.add(path, message)
        mistakes.check()
        raise
    for path, message in mistyped(table, file):
        mistakes.add(path, message)
    return _bundle(folder.name, file, Folder(folder), mistakes)


def _bundle(name: str, file: SchemaFile, folder: Folder, mistakes: Mistakes) -> Bundle:
    drawn = Compiler(file.column, folder, mistakes).columns()
    columns = {each.name: drawn[each.name] for each in file.column if each.name in drawn and not each.hidden}
    names = [column.name for column in file.column]
    archetypes = _archetypes(file, drawn, names, folder, mistakes)
    shown = [column.name for column in file.column if not column.hidden]
    _check_names(file, shown, names, mistakes)
    uses = Uses(file, columns, shown, folder, mistakes)
    encoding, texts = uses.encoding(), uses.texts()
    uses.check_view()
    kinds = [archetype.name for archetype in file.archetype]
    declared = {column.name: column for column in file.column}
    tables = tables_of(file.table, drawn, declared, kinds, folder, mistakes)
    counted = Counted(columns, declared, folder, mistakes)
    rules, margins = counted.rules(file.rule), counted.margins(file.margin)
    errors = record_errors(file.duplicates, drawn, shown, folder, mistakes)
    mistakes.check()
    try:
        schema = Schema(
            name=name,
            columns=tuple(columns[each] for each in dict.fromkeys([*file.order, *columns])),
            archetypes=archetypes,
            derived=tuple(TanhRatio(ratio.numerator, ratio.denominator) for ratio in file.derived),
            tables=tables,
            correlations=file.correlation,
            hidden=tuple(column for name, column in drawn.items() if name not in columns),
            rules=rules,
            margins=margins,
            attributes=counted.attributes,
        )
    except SpecError as error:
        _locate(error, names, file, mistakes)
        mistakes.check()
        raise
    said = spoken(texts, schema, file.language, file.row or "")
    return Bundle(schema, encoding, uses.view(schema), said, errors)


def _check_names(file: SchemaFile, shown: list[str], names: list[str], mistakes: Mistakes) -> None:
    """Note unknown columns in the order and in ratios, which know no hidden ones, and in correlations."""
    named: list[tuple[Keys, str]] = [(("order", at), each) for at, each in enumerate(file.order)]
    for at, ratio in enumerate(file.derived):
        named += [(("derived", at, key), getattr(ratio, key)) for key in ("numerator", "denominator")]
    for at, correlation in enumerate(file.correlation):
        named += [(("correlation", at, "columns"), each) for each in correlation.columns]
    for path, each in named:
        known = names if path[0] == "correlation" else shown
        if each not in known:
            mistakes.add(path, f"unknown column {each!r}; {meant(each, known)}")


def _archetypes(
    file: SchemaFile, columns: Mapping[str, Column], names: list[str], folder: Folder, mistakes: Mistakes
) -> tuple[Archetype, ...]:
    found: dict[str, Archetype] = {}
    for position, archetype in enumerate(file.archetype):
        if archetype.name in found:
            mistakes.add(
                ("archetype", position, "name"),
                f"name={archetype.name!r} is declared twice; names must differ, so rename one",
            )
        try:
            found[archetype.name] = archetype_of(archetype, columns, names, folder)
        except Wrong as error:
            mistakes.add(("archetype", position, *error.path), str(error))
    return tuple(found.values())


def _locate(error: SpecError, names: list[str], file: SchemaFile, mistakes: Mistakes) -> None:
    """Note a mistake that the parts of a schema have only together, at the column that it begins with."""
    message = str(error)
    first, _, rest = message.partition(": ")
    tables = {f"table {table.name}": ("table", position) for position, table in enumerate(file.table)}
    ratios = {name for ratio in file.derived for name in (ratio.numerator, ratio.denominator)}
    word = message.partition(" ")[0]
    if first in names:
        mistakes.add(("column", names.index(first), "draw"), rest)
    elif start := next((path for told, path in tables.items() if message.startswith(told)), None):
        mistakes.add(start, rest if first in tables else message)
    elif word in ratios and "number is needed" in message:
        mistakes.add(("derived", 0, "numerator"), message)
    elif word in names:
        mistakes.add(("column", names.index(word), "feature" if "feature" in message else "draw"), message)
    else:
        mistakes.add((), message)
