"""A schema of a user's with all that rules can name: lists and categories of files, numbers, children."""

from pathlib import Path

GAMES = """\
game,genres,year,studio,weight
Chess,Board;Mind,1475,,3
Quake,Shooter,1996,id,4
Doom,Shooter,1993,id,2
Sims,Life;Mind,2000,Maxis,5
"""

STYLES = "style,weight\nMind,3\nShooter,2\nLife,1\nRace,1\n"

TOWNS = (
    "town,country,people,weight\nRecife,BR,1500000,5\nOlinda,BR,350000,2\nBonn,DE,330000,2\nUnkel,DE,5000,1\n"
)

SCHEMA = """\
[[column]]
name = "town"
doc = "The home."
draw = "choice"
file = "towns.csv"

[[column]]
name = "age"
doc = "Years."
draw = "uniform_integer"
low = 10
high = 70

[[column]]
name = "premium"
doc = "1 if the player pays."
draw = "chance"
share = 0.3

[[column]]
name = "spent"
doc = "Money; none where nothing is known."
draw = "uniform"
low = 0
high = 100
nulls = 0.2

[[column]]
name = "games"
doc = "Favourites, the best first."
draw = "subset"
file = "games.csv"
sizes = [3, 2, 1]

[[column]]
name = "styles"
doc = "Styles."
draw = "subset"
file = "styles.csv"
sizes = [2, 1]

[[column]]
name = "joined"
doc = "The day of joining."
draw = "date"
start = 2019-01-01
end = 2023-12-31
nulls = 0.1

[[column]]
name = "active"
doc = "Whether the player came this month."
draw = "boolean"
share = 0.6

[[column]]
name = "tags"
doc = "Labels; none where there are no."
draw = "list"
items = { new = 2, vip = 1, old = 1 }
fewest = 0
sizes = [1, 2, 1]
nulls = 0.1

[[table]]
name = "plays"
doc = "Times that a player played."
fan_out = { draw = "uniform_integer", low = 0, high = 4 }

[[table.column]]
name = "minutes"
doc = "How long."
draw = "uniform_integer"
low = 1
high = 90

[[table.column]]
name = "begun"
doc = "When."
draw = "timestamp"
start = 2024-01-01
end = 2024-12-31
"""

RULE = """
[[rule]]
name = "{name}"
doc = "Rows that contradict themselves."
condition = '''{condition}'''
ceiling = {ceiling}
"""


def rule(condition: str, name: str = "broken", ceiling: float = 0.5, of_table: bool = False) -> str:
    """The text of a rule on players, or on their plays."""
    text = RULE.format(name=name, condition=condition, ceiling=ceiling)
    return text.replace("[[rule]]", "[[table.rule]]") if of_table else text


def write_players(folder: Path, more: str = "") -> Path:
    """Write the schema, and more of it, into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in (("games", GAMES), ("styles", STYLES), ("towns", TOWNS)):
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    (folder / "schema.toml").write_text(SCHEMA + more, encoding="utf-8")
    return folder
