"""The commands below `schema`: schemas made, checked, shown and compared."""

from collections.abc import Callable
from typing import Annotated

import typer

from synthprof.cli.help import Command, Commands
from synthprof.cli.options import INTEGER, AsJson, without_options
from synthprof.cli.schema_from import schema_from
from synthprof.report.ending import print_json
from synthprof.spec.limits import LARGEST_INTEGER
from synthprof.spec.written import read_whole

MOST_ROWS = 1_000
"""Rows that `show` prints at most."""

NAME_HELP = "Name of a schema, built in or in the folder of schemas, or the path of its folder."

_MEND_DRAWS = "change the draws, or what the schema asks of them"

Which = Annotated[str, typer.Argument(metavar="NAME|FOLDER", help=NAME_HELP)]


def new(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name of the schema, and of its folder.")],
    template: Annotated[str, typer.Option(metavar="NAME", help="Template to begin with.")] = "customers",
    as_json: AsJson = False,
) -> None:
    """Make a schema from a template, in a folder to be edited.

    The folder lies below SYNTHPROF_SCHEMAS, else below `schemas`.
    """
    from synthprof.stages.own_schema import new_schema

    folder = new_schema(name, template)
    files = sorted(path.name for path in folder.iterdir())
    if as_json:
        print_json({"schema": name, "path": str(folder), "files": files})
        return
    from synthprof.report.terminal import Terminal

    terminal = Terminal()
    terminal.say(f"{folder}: {', '.join(files)}", label=(terminal.marks.good, "green"))
    terminal.say(f"Edit it, then look at it with: synthprof schema show {name}")


def check(which: Which, as_json: AsJson = False) -> None:
    """Check a schema, and try it on a thousand rows.

    What a run would refuse is told with file, value, rule and remedy. Its rules and margins are counted on a
    block of rows: the check fails if one does not hold.
    """
    from synthprof.base.errors import StageError
    from synthprof.stages.own_schema import bundle_named
    from synthprof.stages.schema_trial import try_out

    bundle = bundle_named(which)
    tried = try_out(bundle)
    faults = tried.coherence.faults if tried.coherence else ()
    if as_json:
        told = {"coherence": tried.coherence.told()} if tried.coherence else {}
        print_json({"schema": bundle.schema.name, "digest": bundle.digest, **vars(tried), **told})
        raise typer.Exit(bool(faults))
    from synthprof.report.console import print_coherence
    from synthprof.report.terminal import Terminal

    terminal = Terminal()
    if tried.coherence:
        print_coherence(terminal, tried.coherence)
    if faults:
        raise StageError(f"{len(faults)} rules and margins do not hold, first {faults[0]}; {_MEND_DRAWS}")
    kinds = f", {tried.archetypes} archetypes" if tried.archetypes else ", no archetypes"
    features = f"{tried.features} features"
    terminal.say(
        f"{bundle.schema.name}: {tried.columns} columns{kinds}, {features}",
        label=(terminal.marks.good, "green"),
    )


def show(
    which: Which,
    rows: Annotated[str, typer.Option(metavar=INTEGER, help="Rows to show.")] = "20",
    seed: Annotated[str, typer.Option(metavar=INTEGER, help="Seed of the rows.")] = "42",
    as_json: AsJson = False,
) -> None:
    """Show rows that a schema gives, as a table.

    They are the first rows of a data set with that seed.
    """
    from synthprof.base.values import as_text, in_json
    from synthprof.stages.own_schema import bundle_named
    from synthprof.stages.schema_trial import sample

    bundle = bundle_named(which)
    count = read_whole("rows", rows, 1, MOST_ROWS)
    found = sample(bundle, count, read_whole("seed", seed, 0, LARGEST_INTEGER))
    if as_json:
        rows_told = [in_json(row) for row in found]
        print_json({"schema": bundle.schema.name, "title": bundle.view.title, "rows": rows_told})
        return
    from synthprof.report.terminal import Column, Terminal

    numbers = {name for name in found[0] if all(isinstance(row[name], int | float | None) for row in found)}
    columns = [
        Column(name, right=name in numbers, drop=place, shorten=name not in numbers)
        for place, name in enumerate(found[0])
    ]
    texts = [["" if each is None else as_text(each) for each in row.values()] for row in found]
    terminal = Terminal()
    if bundle.view.title:
        terminal.say(bundle.view.title)
        terminal.say("")
    terminal.table(columns, texts)


def diff(
    one: Annotated[str, typer.Argument(metavar="A", help=f"{NAME_HELP} Or the schema.json of a version.")],
    other: Annotated[str, typer.Argument(metavar="B", help="The other one.")],
    as_json: AsJson = False,
) -> None:
    """Tell how schema B differs from schema A.

    Columns added, removed and changed, and odds that are others, in words.
    """
    from synthprof.stages.own_schema import bundle_named
    from synthprof.stages.schema_trial import told_apart

    left, right = bundle_named(one), bundle_named(other)
    found = told_apart(left, right)
    if as_json:
        print_json({"digests": [left.digest, right.digest], "differences": list(found)})
        return
    from synthprof.report.terminal import Terminal

    for sentence in found or ("They are the same.",):
        Terminal().say(sentence)


def list_(as_json: AsJson = False) -> None:
    """List the schemas that there are, and what is wrong with one that cannot be used."""
    from synthprof.stages.own_schema import places, wrong_ones
    from synthprof.system.environment import schemas_folder

    found = [(name, str(folder or "built in")) for name, folder in places().items()]
    wrong = wrong_ones()
    if as_json:
        schemas = [{"schema": name, "place": place} for name, place in found]
        print_json({"folder": str(schemas_folder()), "schemas": schemas, "problems": list(wrong)})
        return
    from synthprof.report.terminal import Column, Terminal

    terminal = Terminal()
    terminal.table((Column("schema"), Column("place", shorten=True)), found)
    for sentence in wrong:
        terminal.say(sentence, label=(terminal.marks.bad, "red"))


def format_(_as_json: AsJson = False) -> None:
    """Print the JSON Schema of a schema's file, by which editors complete and check it."""
    from synthprof.stages.schema_trial import format_of_files

    print_json(format_of_files())


COMMANDS: tuple[tuple[str, Callable[..., None], str], ...] = (
    ("new", new, "synthprof schema new shop"),
    ("check", check, "synthprof schema check shop"),
    ("show", show, "synthprof schema show gamer_br --rows 5"),
    ("from", schema_from, "synthprof schema from customers.csv"),
    ("diff", diff, "synthprof schema diff shop data/shop/CURRENT/schema.json"),
    ("list", list_, "synthprof schema list"),
    ("format", format_, "synthprof schema format"),
)


def register(app: typer.Typer, chosen: str | None) -> None:
    """Add the group of commands to the command line, with their options if it is chosen or None is."""
    group = typer.Typer(cls=Commands, help="Make, learn, check, show and compare schemas.")
    for name, command, example in COMMANDS:
        shaped = command if chosen in (None, "schema") else without_options(command)
        group.command(name, cls=Command, epilog=example)(shaped)
    app.add_typer(group, name="schema")
