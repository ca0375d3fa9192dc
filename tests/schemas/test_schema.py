import dataclasses
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest

from synthprof.base.errors import SpecError
from synthprof.profiles.checks import check
from synthprof.profiles.drawing import generate
from synthprof.profiles.features import features
from synthprof.report.overview import attributes
from synthprof.schemas import loader
from synthprof.schemas.describe import describe, page_name
from synthprof.schemas.draws import Chance, Choice, Lookup, Number, Prose, Shift, Slot, Variant, YearsSince
from synthprof.schemas.features import Indexed, TanhRatio
from synthprof.schemas.files import read_csv
from synthprof.schemas.loader import load_schema, schema_names
from synthprof.schemas.schema import Archetype, Column, Schema

ONE = (Archetype("all", "Everyone", 1.0, ()),)


def column(name: str, *shifts: Shift, weights: tuple[float, ...] = (1.0, 3.0)) -> Column:
    return Column(name, Choice(("x", "y"), weights, shifts), Indexed(), f"The column {name}.")


def schema(*columns: Column, archetypes: tuple[Archetype, ...] = ONE) -> Schema:
    return Schema("tiny", columns, archetypes)


def test_importing_the_schema_loads_nothing_heavy():
    heavy = "{'numpy', 'pandas', 'pyarrow', 'faiss', 'faker'}"
    found = f"{heavy} & set(sys.modules)"
    code = f"import sys, synthprof.schemas.schema; assert not {found}, {found}"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_reading_a_schema_loads_nothing_heavy():
    heavy = "{'numpy', 'pandas', 'pyarrow', 'faiss', 'faker'}"
    load = "import sys, synthprof.schemas.loader as profiles; profiles.load_schema('gamer_br')"
    code = f"{load}; assert not {heavy} & set(sys.modules), {heavy} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_columns_of_perfis_stand_in_the_order_that_readers_know():
    names = (
        "nome, idade, cidade, estado, sexo, interesses_musicais, jogos_favoritos, plataformas_possuidas, "
        "estilos_preferidos, disponibilidade, interacao_desejada, compartilhar_contato, anos_experiencia, "
        "objetivo_principal, usa_microfone, idiomas, nivel_competitivo, estilo_comunicacao, descricao"
    )
    assert [c.name for c in load_schema("gamer_br").columns] == names.split(", ")


def test_types_and_indexes_of_perfis_are_those_that_readers_know():
    columns = load_schema("gamer_br").columns
    integers = {c.name for c in columns if c.sql_type == "INTEGER"}
    assert integers == {"idade", "anos_experiencia", "compartilhar_contato", "usa_microfone"}
    indexed = {c.name for c in columns if c.indexed}
    assert indexed == {"estado", "idade", "objetivo_principal", "nivel_competitivo"}


def test_there_are_at_least_twelve_archetypes_with_names_of_their_own():
    archetypes = load_schema("gamer_br").archetypes
    assert len({a.name for a in archetypes}) == len(archetypes) >= 12


def test_each_archetype_shifts_what_makes_a_kind_of_player():
    for archetype in load_schema("gamer_br").archetypes:
        shifted = {name for name, _ in archetype.odds}
        assert {"jogos_favoritos", "estilos_preferidos", "plataformas_possuidas"} <= shifted, archetype.name
        assert {"disponibilidade", "objetivo_principal", "interesses_musicais"} <= shifted, archetype.name


def test_every_column_is_documented():
    for each in load_schema("gamer_br").columns:
        assert each.doc.endswith(".") and len(each.doc) > 15, each.name


@pytest.mark.parametrize("name", schema_names())
def test_the_page_of_a_schema_is_made_from_it_and_stands_in_the_docs(name):
    docs = Path(__file__).parents[2] / "docs"
    said = (docs / page_name(name)).read_text(encoding="utf-8")
    assert said == describe(load_schema(name)), "run: python -m synthprof.schemas docs"
    assert f"- {page_name(name)}\n" in (docs.parent / "mkdocs.yml").read_text(encoding="utf-8")


def test_an_unknown_schema_is_refused_naming_those_there_are():
    assert schema_names() == ("customer_us", "gamer_br", "listing", "patient")
    with pytest.raises(SpecError, match=r"'gamer_us'.*gamer_br"):
        load_schema("gamer_us")


def test_a_schema_is_equal_to_and_hashes_like_its_copy():
    one, other = schema(column("a")), schema(column("a"))
    assert one == other and hash(one) == hash(other)


@pytest.mark.parametrize(
    "other",
    [
        schema(column("b")),
        schema(column("a", weights=(1.0, 3.0000001))),
        schema(column("a"), column("b")),
        schema(column("a"), archetypes=(*ONE, Archetype("few", "Few", 0.1, ()))),
        schema(dataclasses.replace(column("a"), indexed=True)),
    ],
)
def test_whatever_differs_gives_another_schema(other):
    assert other != schema(column("a"))


def test_a_schema_prints_short():
    assert len(repr(load_schema("gamer_br"))) < 150


def test_columns_are_drawn_after_what_they_are_given_and_otherwise_as_declared():
    late = Shift("b", (), ((1.0, 2.0), (2.0, 1.0)))
    order = schema(column("c"), column("a", late), column("b")).drawing_order
    assert [c.name for c in order] == ["c", "b", "a"]


def test_columns_given_in_a_circle_are_refused():
    a = column("a", Shift("b", (), ((1.0, 1.0),) * 2))
    b = column("b", Shift("a", (), ((1.0, 1.0),) * 2))
    with pytest.raises(SpecError, match=r"a -> b -> a.*circle"):
        schema(a, b)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ((column("a"), column("a")), "twice"),
        ((column("a", Shift("z", (), ((1.0, 1.0),) * 2)),), "unknown column 'z'"),
        ((column("a", weights=(1.0,)),), "weights has 1 numbers for 2 values"),
        ((column("a", weights=(1.0, -1.0)),), "finite numbers from 0 on"),
        ((column("a", weights=(1.0, float("nan"))),), "finite numbers from 0 on"),
        ((column("a", weights=(0.0, 0.0)),), "not all 0"),
        ((column("b"), column("a", Shift("b", (), ((1.0, 1.0),)))), "1 rows of factors given b"),
        ((Column("a", Chance(1.5), None, "x"),), "finite numbers from 0 on"),
        ((column("b"), Column("a", YearsSince("b", 12, 30, 1, 1), None, "x")), "number is needed"),
    ],
)
def test_parts_that_do_not_fit_are_refused(columns, message):
    with pytest.raises(SpecError, match=message):
        schema(*columns)


@pytest.mark.parametrize(
    ("draw", "drawn"),
    [
        (Number(2**31 - 1, (1.0, 1.0), (2**31 - 1,)), "2147483647 to 2147483648"),
        (Number(-(2**31) - 1, (1.0, 1.0), (-(2**31) - 1,)), "-2147483649 to -2147483648"),
    ],
)
def test_numbers_that_a_block_cannot_hold_are_refused(draw, drawn):
    with pytest.raises(SpecError, match=f"a: numbers from {drawn} are drawn.*from -2147483648 to 2147483647"):
        schema(Column("a", draw, None, "Numbers."))


@pytest.mark.parametrize("bands", [(), (3, 6), (0, 6, 3), (0, 3, 3), (0, 10)])
def test_bands_that_do_not_divide_the_numbers_are_refused(bands):
    with pytest.raises(SpecError, match=r"a: bands=\[.*\] do not divide the numbers from 0 to 9; give"):
        schema(Column("a", Number(0, (1.0,) * 10, bands), None, "Numbers."))


def test_the_largest_number_that_can_be_drawn_is_drawn():
    draw = Number(32_766, (1.0, 1.0), (32_766,))
    made = generate(schema(Column("a", draw, None, "Numbers.")), 1, "pt_BR", 0.8, 0, 100)
    assert set(made.profiles.column("a").to_pylist()) == {32_766, 32_767}


@pytest.mark.parametrize(("low", "kind"), [(-3, pa.int16()), (-(2**31), pa.int32()), (32_767, pa.int32())])
def test_numbers_below_0_and_beyond_16_bits_are_drawn(low, kind):
    draw = Number(low, (1.0, 1.0), (low,))
    text = Prose((Slot("s", (Variant((("a", low, low),), ("low {a}",)), Variant((), ("high {a}",)))),))
    columns = Column("a", draw, None, "Numbers."), Column("p", text, None, "A text.")
    made = generate(schema(*columns), 1, "pt_BR", 0.8, 0, 100).profiles
    assert made.column("a").type == kind
    assert {(row["a"], row["p"]) for row in made.to_pylist()} == {
        (low, f"low {low}"),
        (low + 1, f"high {low + 1}"),
    }


@pytest.mark.parametrize("count", [127, 128, 32_767, 32_768, 40_000, 70_000])
def test_a_category_may_have_any_number_of_values(count):
    values = tuple(f"v{number}" for number in range(count))
    weights = (1.0, *(0.0,) * (count - 2), 1.0)
    wide = Column("a", Choice(values, weights), Indexed(), "Many values.")
    follows = Column("b", Lookup("a", values[::-1], tuple(range(count - 1, -1, -1))), Indexed(), "As many.")
    of = schema(wide, follows)
    made = generate(of, 1, "pt_BR", 0.8, 0, 400).profiles
    assert set(made.column("a").to_pylist()) == {"v0", f"v{count - 1}"}
    assert made.column("a").to_pylist() == made.column("b").to_pylist()
    assert check(of, made) == ()
    assert features(of, made, 2).max() == pytest.approx((count - 1) / count)
    assert {each.column for each in attributes(of)} == (set() if count > 8_192 else {"a", "b"})


def test_an_archetype_of_an_unknown_column_is_refused():
    with pytest.raises(SpecError, match="unknown column 'z'"):
        schema(column("a"), archetypes=(Archetype("few", "Few", 1.0, (("z", (1.0,)),)),))


def test_games_are_of_their_genre_and_on_their_platforms():
    games = {row["jogo"]: row for row in read_csv(Path(loader.__file__).parent / "gamer_br" / "games.csv")}
    assert games["Hades"]["genero"] == games["Portal 2"]["genero"] == "Aventura"
    assert "PlayStation 4" not in games["Naraka: Bladepoint"]["plataformas"]


@pytest.mark.parametrize("name", ["id", "Id", "a b", "1st", 'x"'])
def test_a_column_that_sqlite_could_not_name_is_refused(name: str):
    with pytest.raises(SpecError, match="cannot be the name of a column"):
        schema(column(name))


def test_a_ratio_of_texts_is_refused():
    with pytest.raises(SpecError, match="a is a category"):
        Schema("tiny", (column("a"),), ONE, (TanhRatio("a", "a"),))
