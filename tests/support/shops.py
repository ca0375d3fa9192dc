"""A schema of a user's: the customers of a shop, three columns and two archetypes."""

from pathlib import Path

COLUMNS = """\
[[column]]
name = "plan"
doc = "What the customer pays for."
draw = "choice"
odds = { "Free" = 70, "Pro" = 25, "Team" = 5 }
indexed = true

[[column]]
name = "visits"
doc = "Visits in a month."
draw = "uniform_integer"
low = 0
high = 500

[[column]]
name = "likes"
doc = "What the customer buys, the most wanted first."
draw = "subset"
odds = { "Books" = 3, "Music" = 2, "Garden" = 1 }
sizes = [5, 3]
"""

ARCHETYPES = """\
[[archetype]]
name = "reader"
title = "Reads"
share = 60
odds.likes = { "Books" = 4 }

[[archetype]]
name = "office"
title = "Buys for others"
share = 40
odds.plan = { "Team" = 4 }
"""


def write_shop(root: Path, name: str = "shop") -> Path:
    """The folder of the schema below a folder of schemas."""
    folder = root / name
    folder.mkdir(parents=True)
    (folder / "schema.toml").write_text(f"{COLUMNS}\n{ARCHETYPES}", encoding="utf-8")
    return folder


def edit(folder: Path, old: str, new: str) -> None:
    """Change the schema."""
    path = folder / "schema.toml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
