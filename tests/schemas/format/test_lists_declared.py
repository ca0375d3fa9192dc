# ruff: noqa: E501  a case is a line
"""Declarations of hidden columns, summaries, lists through others and years: what they make, what is wrong."""

from pathlib import Path

import pytest

from synthprof.base.errors import SpecError
from synthprof.schemas.draws import Choice, Subset, Summary, YearsSince
from synthprof.schemas.reading import read_schema

GOOD = """\
order = ["age", "wish"]

[[column]]
name = "age"
doc = "The age."
draw = "number"
file = "ages.csv"
bands = [10]

[[column]]
name = "sports"
doc = "Sports."
draw = "subset"
file = "sports.csv"
weights = "weight"
sizes = [3, 2]
requires = { tennis = ["yoga"] }
excludes = { football = ["yoga", "tennis"] }
given.age.10 = { "sports.csv/where" = { hall = 4, "open air" = 0.5 }, yoga = 2 }
sizes_given.age = { 10 = { 2 = 0 }, 12 = {} }

[[column]]
name = "contest"
hidden = true
doc = "Contest."
draw = "summary"
of = "sports"
file = "sports.csv"
values = "kinds"
levels = ["match", "team"]

[[column]]
name = "likes"
doc = "What is liked."
draw = "subset"
odds = { alone = 1, match = 2, team = 2 }
sizes = [2, 1]
through = "sports"
offers = "sports.csv"
by = "kinds"

[[column]]
name = "years"
doc = "Years of sports."
draw = "years"
of = "age"
start = 4
most = 9
starts = "starts.csv"
given.contest.team = { "0-2" = 0, 9 = 3 }

[[column]]
name = "wish"
doc = "The wish."
draw = "choice"
odds = { rest = 1, win = 1 }
given.contest.none = { win = 0 }
"""
FILES = {
    "ages.csv": "age,weight\n10,1\n11,1\n12,1\n13,2\n",
    "sports.csv": "sport,kinds,where,members,weight\nyoga,alone,hall,1,2\ntennis,match,open air,2,3\nfootball,match;team,open air,11,5\n",
    "starts.csv": "age,weight\n4,1\n5,3\n6,2\n",
}


def folder(place: Path, text: str) -> Path:
    for name, content in {"schema.toml": text, **FILES}.items():
        (place / name).write_text(content)
    return place


def test_what_is_declared_is_made(tmp_path: Path) -> None:
    schema = read_schema(folder(tmp_path, GOOD))
    assert [column.name for column in schema.columns] == ["age", "wish", "sports", "likes", "years"]
    assert [column.name for column in schema.hidden] == ["contest"]
    assert schema.column("contest").feature is None
    sports, likes, years = (schema.column(name).draw for name in ("sports", "likes", "years"))
    assert (
        isinstance(sports, Subset) and sports.requires == ((1, (0,)),) and sports.excludes == ((2, (0, 1)),)
    )
    assert sports.shifts[0].factors == (
        (8.0, 0.5, 0.5),
    )  # a factor for the value itself multiplies that of its group
    assert sports.size_shifts[0].factors == ((1.0, 0.0), (1.0, 1.0))
    assert isinstance(likes, Subset) and likes.reachable == ((0,), (1,), (1, 2))
    assert isinstance(years, YearsSince) and years.starts == (1.0, 3.0, 2.0)
    assert years.shifts[0].factors[2] == (0.0, 0.0, 0.0, *[1.0] * 6, 3.0)
    wish = schema.column("wish").draw
    assert isinstance(wish, Choice) and wish.shifts[0].factors == ((1.0, 0.0), (1.0, 1.0), (1.0, 1.0))


TAKES = [
    ('levels = ["match", "team"]', ("largest", (0, 1, 2), ("none", "match", "team"))),
    (
        'levels = ["match", "team"]\ntake = "every"\nnone = "less"',
        ("smallest", (0, 1, 2), ("less", "match", "team")),
    ),
    ('levels = ["team", "alone"]\ntake = "count"', ("sum", (1, 0, 1), ())),
    ('take = "most"', ("largest", (1, 2, 11), ())),
    ('take = "least"', ("smallest", (1, 2, 11), ())),
]


@pytest.mark.parametrize(("keys", "wanted"), TAKES)
def test_a_summary_takes_items_together(tmp_path: Path, keys: str, wanted: tuple[object, ...]) -> None:
    text = GOOD.replace('levels = ["match", "team"]', keys).replace("given.contest", "given.sports_not")
    text = "\n".join(line for line in text.splitlines() if "sports_not" not in line)
    text = text.replace('values = "kinds"', 'values = "members"') if "levels" not in keys else text
    draw = read_schema(folder(tmp_path, text)).column("contest").draw
    assert isinstance(draw, Summary) and (draw.take, draw.levels, draw.values) == wanted


WRONG = [
    ('order = ["age", "wish"]', 'order = ["contest"]', "unknown column 'contest'"),
    (
        "hidden = true",
        "hidden = true\nweight = 1",
        "weight belongs to columns that are not hidden; remove it",
    ),
    (
        "hidden = true",
        "hidden = true\nfeature = false",
        "feature belongs to columns that are not hidden; remove it",
    ),
    (
        'of = "sports"',
        'of = "age"',
        "of='age' is no list of known values; name a column with draw = \"subset\"",
    ),
    (
        'levels = ["match", "team"]',
        'levels = ["match", "teams"]',
        "'teams' is what no item has; did you mean 'team'?",
    ),
    ('levels = ["match", "team"]', "", "take='any' fits only levels"),
    ('levels = ["match", "team"]', 'levels = ["match"]\ntake = "most"', "take='most' fits no levels"),
    ('levels = ["match", "team"]', 'levels = ["match", "match"]', "levels and none must differ"),
    ('values = "kinds"\nlevels', "levels", "file and values belong together"),
    ('values = "kinds"', 'values = "kind"', "values='kind' is no column of the file; did you mean 'kinds'?"),
    ('levels = ["match", "team"]', 'take = "most"', "kinds='alone' is no whole number"),
    ('offers = "sports.csv"\n', "", "through needs a file of what items allow; name it as file or offers"),
    ("{ alone = 1, match = 2, team = 2 }", "{ alone = 1, match = 2 }", "kinds='team' is none of the values"),
    (
        'through = "sports"\noffers = "sports.csv"\nby = "kinds"',
        'offers = "sports.csv"',
        "offers says what items of another list allow",
    ),
    ('["yoga"] }', '["yogi"] }', "unknown value 'yogi'; did you mean 'yoga'?"),
    ("{ 10 = { 2 = 0 }", "{ 10 = { 3 = 0 }", "sizes_given.age.10: unknown value '3'"),
    ("{ 10 = { 2 = 0 }", "{ 10 = { 1 = 0, 2 = 0 }", "must be finite numbers from 0 on, not all 0"),
    ("sports.csv/where", "sports.csv/place", "'place' is no column of sports.csv"),
    ("hall = 4", "halls = 4", "unknown value 'halls'; did you mean 'hall'?"),
    ("start = 4", "start = 3", "starts.csv:2: age='4' stands where 3 belongs; begin with start=3"),
    ('"0-2" = 0, 9 = 3', '"0-12" = 0', "unknown value '10'"),
]


@pytest.mark.parametrize(("old", "new", "told"), WRONG)
def test_a_mistake_is_told_with_its_remedy(tmp_path: Path, old: str, new: str, told: str) -> None:
    assert old in GOOD
    with pytest.raises(SpecError) as caught:
        read_schema(folder(tmp_path, GOOD.replace(old, new, 1)))
    assert told in str(caught.value), str(caught.value)


def test_columns_of_child_tables_are_not_hidden(tmp_path: Path) -> None:
    table = '\n[[table]]\nname = "visits"\ndoc = "Visits."\nkey = "member"\n\n[table.fan_out]\ndraw = "uniform_integer"\nlow = 0\nhigh = 3\n\n[[table.column]]\nname = "sport"\ndoc = "The sport."\ndraw = "choice"\nodds = { yoga = 1 }\ngiven."parent.contest".team = { yoga = 2 }\n'
    assert read_schema(folder(tmp_path, GOOD + table)).tables[0].columns[0].given == ("parent.contest",)
    with pytest.raises(SpecError, match="hidden belongs to columns of the parent alone; remove it"):
        read_schema(folder(tmp_path, GOOD + table + "hidden = true\n"))
