"""The description of a schema in Markdown, as in docs/schema.md, made from the schema alone."""

from collections.abc import Iterable, Iterator, Sequence

from synthprof.schemas.describe_rules import describe_rules
from synthprof.schemas.describe_tables import describe_tables
from synthprof.schemas.draw_kinds.model import DrawModel
from synthprof.schemas.draws import (
    Chance,
    Choice,
    FullName,
    Given,
    Lookup,
    Number,
    Prose,
    Subset,
    Summary,
    YearsSince,
)
from synthprof.schemas.feature_words import told
from synthprof.schemas.schema import Column, Schema

FIRST = "gamer_br"
"""The schema whose page has no name of its own, as it was the only one."""

MAX_SHOWN = 45
"""Values listed of a column; the others are counted."""


def page_name(name: str) -> str:
    """Return the file name of a built-in schema's page."""
    return "schema.md" if name == FIRST else f"schema-{name}.md"


def describe(schema: Schema) -> str:
    """Return the columns, values, features and archetypes of a schema as Markdown."""
    return "\n".join(
        [
            f"# Schema {schema.name}",
            "",
            "`make reference` generates this page from the schema; a test checks that it is up to date.",
            "",
            "## Columns",
            "",
            "In the order of the table `perfis`; the first column there is `id`, the 1-based position.",
            "",
            *_table(
                ("column", "kind", "SQLite", "drawn from", "given", "meaning"),
                ((f"`{c.name}`", c.kind, _sql(c), drawn(c), _names(c.given), c.doc) for c in schema.columns),
            ),
            "",
            *_hidden(schema),
            "## Values",
            "",
            *(f"- `{c.name}`: {_values(c)}" for c in schema.columns if c.values),
            "",
            "## Feature vector",
            "",
            "Positions that are not named are 0. All values lie in [0, 1].",
            "",
            *_table(
                ("position", "feature", "how"),
                _features(schema),
            ),
            "",
            "## Archetypes",
            "",
            *_archetypes(schema),
            "",
            *describe_tables(schema),
            *describe_rules(schema),
            "[Format of a schema](schema-format.md) has all keys of a column.",
            "",
        ]
    )


def _hidden(schema: Schema) -> list[str]:
    if not schema.hidden:
        return []
    rows = ((f"`{c.name}`", c.kind, drawn(c), _names(c.given), c.doc) for c in schema.hidden)
    return [
        "## Hidden columns",
        "",
        "They are drawn for other columns to depend on; no table and no vector has them.",
        "",
        *_table(("column", "kind", "drawn from", "given", "meaning"), rows),
        "",
    ]


def _features(schema: Schema) -> Iterator[tuple[str, str, str]]:
    """Yield the positions of each feature, its name, and how it comes about."""
    place = 0
    for column in schema.columns:
        if size := len(column.feature_names):
            last = f" to {place + size - 1}" if size > 1 else ""
            yield f"{place}{last}", f"`{column.name}`", told(column.feature)
            place += size
    for at, ratio in enumerate(schema.derived, start=place):
        yield str(at), f"`{ratio.name}`", f"tanh of the ratio; 1 where `{ratio.denominator}` is 0"


def _archetypes(schema: Schema) -> list[str]:
    if not schema.archetypes:
        return ["There are none: clusters are not scored against a truth."]
    return [
        "The latent kinds of row. `separation` blends their odds with those of the whole population.",
        "",
        *_table(
            ("archetype", "who", "share", "shifts"),
            (
                (f"`{a.name}`", a.title, f"{_share(schema, a.share):.1%}", _names(name for name, _ in a.odds))
                for a in schema.archetypes
            ),
        ),
    ]


def _names(keys: Iterable[str]) -> str:
    return ", ".join(f"`{key}`" for key in keys)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    lines = [head, ["---"] * len(head), *rows]
    return ["| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines]


def _sql(column: Column) -> str:
    return column.sql_type + (", indexed" if column.indexed else "")


def drawn(column: Column) -> str:  # noqa: C901  one branch per kind of draw
    """Return the draw of a column in a few words."""
    match column.draw:
        case Given():
            return "not drawn: read from a source"
        case Choice(values=values):
            return f"{len(values)} values by weight"
        case Chance(share=share):
            return f"1 with odds of {share:.0%}"
        case Number(low=low, weights=weights):
            return f"{low} to {low + len(weights) - 1} by weight"
        case YearsSince(column=of, start=start, most=most):
            return f"0 to {of} − {start}, at most {most}"
        case Lookup(column=of):
            return f"follows from `{of}`"
        case Summary(column=of):
            return f"what items of `{of}` have together"
        case Subset(sizes=sizes, values=values, through=through):
            each = f", each allowed by an item of `{through}`" if through else ""
            return f"1 to {len(sizes)} of {len(values)} values{each}"
        case FullName(firsts=firsts, lasts=lasts):
            return f"{sum(map(len, firsts))} first names, {len(lasts)} last names"
        case Prose(slots=slots, plans=plans):
            return f"{len(slots)} sentences" + (f" in {len(plans)} plans" if plans else "")
        case DrawModel(told=told):
            return told


def _values(column: Column) -> str:
    shown = ", ".join(column.values[:MAX_SHOWN])
    left = len(column.values) - MAX_SHOWN
    return f"{shown} and {left} more." if left > 0 else f"{shown}."


def _share(schema: Schema, share: float) -> float:
    return share / sum(archetype.share for archetype in schema.archetypes)
