"""The parts of full names: particles, words between, suffixes, last names that depend on other columns."""

import functools
import re

import numpy as np
import pytest

from synthprof.base.errors import SpecError
from synthprof.profiles.drawing import generate
from synthprof.schemas.loader import load_schema
from synthprof.schemas.reading import read_schema

SCHEMA = load_schema("gamer_br")

COLUMNS = """
[[column]]
name = "sex"
doc = "Sex."
draw = "choice"
odds = { F = 1, M = 1 }

[[column]]
name = "coast"
doc = "Coast."
draw = "choice"
odds = { east = 1, west = 1 }

[[column]]
name = "age"
doc = "Age."
draw = "number"
file = "ages.csv"
bands = [30]

[[column]]
name = "full_name"
doc = "Name."
draw = "name"
locale = "en_US"
sex = "sex"
masculine = "M"
age = "age"
year = 2020
firsts = "firsts.csv"
lasts = "lasts.csv"
weights = "weight"
two_lasts = 1.0
"""

FILES = {
    "ages.csv": "age,weight\n30,1\n31,1\n",
    "firsts.csv": "name,sex,1980\nAnn,F,1\nBob,M,1\n",
    "lasts.csv": "name,weight,before,share,origin\nHill,1,of,1,old\nWood,1,,,old\nRossi,1,,,new\n"
    "Moretti,1,,,new\n",
}


def folder(tmp_path, more: str = "", **files: str):
    path = tmp_path / "people"
    path.mkdir()
    for name, text in (FILES | {f"{key}.csv": text for key, text in files.items()}).items():
        (path / name).write_text(text)
    (path / "schema.toml").write_text(COLUMNS + more)
    return path


def names(tmp_path, more: str) -> list[tuple[str, str, str]]:
    batch = generate(read_schema(folder(tmp_path, more)), 1, "pt_BR", 0.0, 0, 8_000).profiles
    return list(zip(*(batch[each].to_pylist() for each in ("full_name", "sex", "coast")), strict=True))


def test_a_particle_stands_before_its_last_name_once(tmp_path):
    found = [name for name, _, _ in names(tmp_path, 'particle = "before"\nparticle_share = "share"\n')]
    assert any(re.fullmatch(r"\w+ of Hill \w+", name) for name in found)
    assert any(re.fullmatch(r"\w+ \w+ of Hill", name) for name in found)
    assert all(name.count("Hill") == name.count("of Hill") for name in found), "its share is 1"


def test_a_word_between_last_names_has_its_share_and_no_particle_after_it(tmp_path):
    more = 'particle = "before"\nparticle_share = "share"\nbetween = { and = 0.25 }\n'
    found = [name for name, _, _ in names(tmp_path, more)]
    two = [name for name in found if len(re.sub(" (of|and) ", " ", name).split()) == 3]
    assert abs(np.mean([" and " in name for name in two]) - 0.25) < 0.025
    assert not any("and of" in name for name in found)
    assert all(" and " not in name for name in found if name not in two), "there is nothing to join"


def test_suffixes_have_the_odds_that_other_columns_give_them(tmp_path):
    more = '[column.suffix]\nodds = { "" = 3, "Jr." = 1 }\n[column.suffix.given.sex]\nF = { "Jr." = 0 }\n'
    found = names(tmp_path, more)
    ended = np.array([name.endswith(" Jr.") for name, _, _ in found])
    men = np.array([sex == "M" for _, sex, _ in found])
    assert not ended[~men].any() and abs(ended[men].mean() - 0.25) < 0.035
    assert not any("  " in name or name.endswith(" ") for name, _, _ in found)


def test_last_names_depend_on_another_column_by_groups_of_a_file(tmp_path):
    more = '[column.given.coast]\neast = { "lasts.csv/origin" = { new = 0 } }\nwest = { Hill = 0 }\n'
    lasts = {"east": set(), "west": set()}
    for name, _, coast in names(tmp_path, more):
        lasts[coast] |= set(name.split()[1:])
    assert lasts == {"east": {"Hill", "Wood"}, "west": {"Wood", "Rossi", "Moretti"}}


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ('particle = "before"\n', "particle and particle_share belong together"),
        ('particle = "no"\nparticle_share = "share"\n', "'no' is no column"),
        ("between = { a = 0.7, b = 0.6 }\n", "add up to more than 1"),
        ('[column.suffix]\nodds = { "" = 0 }\n', "not all 0"),
        (
            "[column.suffix]\nodds = { x = 1 }\n[column.suffix.given.sex]\nX = { x = 2 }\n",
            "unknown value 'X'",
        ),
        (
            '[column.given.coast]\neast = { "lasts.csv/origin" = { old = 1, odd = 2 } }\n',
            "unknown value 'odd'",
        ),
        ('[column.given.coast]\neast = { "lasts.csv/place" = { old = 1 } }\n', "'place' is no column"),
        ("[column.given.coast]\neast = { Smith = 2 }\n", "unknown value 'Smith'"),
    ],
)
def test_mistakes_are_told_with_value_and_remedy(tmp_path, more, said):
    with pytest.raises(SpecError, match=re.escape(said)):
        read_schema(folder(tmp_path, more))


def test_a_share_of_a_particle_is_at_most_1(tmp_path):
    lasts = "name,weight,before,share\nHill,1,of,1.5\n"
    with pytest.raises(SpecError, match=r"lasts.csv:2: share=1.5 is no share"):
        read_schema(folder(tmp_path, 'particle = "before"\nparticle_share = "share"\n', lasts=lasts))


# --- gamer_br --------------------------------------------------------------------------------------------


@functools.cache
def sample() -> tuple[tuple[str, str, str], ...]:
    batches = [generate(SCHEMA, 2022, "pt_BR", 0.8, number).profiles for number in range(4)]
    columns = ([v for batch in batches for v in batch[c].to_pylist()] for c in ("nome", "sexo", "estado"))
    return tuple(zip(*columns, strict=True))


def test_brazilian_names_have_particles_suffixes_and_double_names():
    found = sample()
    led = np.mean([bool(re.search(r" (da|das|de|do|dos) ", name)) for name, _, _ in found])
    assert 0.3 < led < 0.42
    sons = [sex for name, sex, _ in found if re.search(r" (Filho|Júnior|Neto|Sobrinho)$", name)]
    assert set(sons) == {"Masculino"} and 0.02 < len(sons) / len(found) < 0.05
    double = np.mean([bool(re.match(r"(Maria|Ana|João|José|Luiz|Pedro) (\w+ )+\w+", name))
                      and name.split()[1] in FIRSTS for name, _, _ in found])  # fmt: skip
    assert double > 0.07


FIRSTS = {name for names in SCHEMA.column("nome").draw.firsts for name in names}


def test_surnames_of_immigrants_live_where_they_settled():
    draw = SCHEMA.column("nome").draw
    of_japan = {"Tanaka", "Sato", "Suzuki", "Yamamoto", "Watanabe", "Nakamura", "Kobayashi", "Ito", "Saito"}
    assert of_japan <= set(draw.lasts)
    share = {}
    for name, _, state in sample():
        held = share.setdefault(state, [0, 0])
        held[0] += bool(of_japan & set(name.split()))
        held[1] += 1
    assert share["SP"][0] / share["SP"][1] > 6 * share["BA"][0] / share["BA"][1]
