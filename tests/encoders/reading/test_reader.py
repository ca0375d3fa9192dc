"""Searches, read into conditions: denials and their scope, comparisons, names, places, errors, languages."""

import csv
from pathlib import Path

import pytest

from synthprof.encoders.catalogue.vocabulary import vocabulary_of
from synthprof.encoders.reading.reader import reader_of
from synthprof.schemas.draws import FullName
from synthprof.schemas.grammar import load_grammar
from synthprof.schemas.languages import languages
from synthprof.schemas.loader import load_bundle

OLD_MEN = ("geschlecht=männlich", "alter_jahre>60")
LOL_OR_DOTA = "jogos_favoritos=League of Legends or jogos_favoritos=Dota 2 or jogos_favoritos=Smite 2"
QUERIES = Path(__file__).parents[3] / "benchmarks" / "queries"


def read(text: str, schema: str = "gamer_br") -> list[str]:
    return [str(clause) for clause in reader_of(load_bundle(schema)).read(text).clauses]


@pytest.mark.parametrize(
    ("text", "clauses"),
    [
        ("não gosta de terror", ["not genero=Terror"]),
        ("não usa microfone e joga LoL", ["jogos_favoritos=League of Legends", "usa_microfone=0"]),
        ("não joga LoL nem Dota 2", ["not jogos_favoritos=League of Legends", "not jogos_favoritos=Dota 2"]),
        (
            "não gosta de RPG, terror ou corrida",
            ["not genero=RPG", "not genero=Terror", "not genero=Corrida"],
        ),
        (
            "não joga no celular, joga no PC",
            ["not plataformas_possuidas=Celular", "plataformas_possuidas=PC"],
        ),
        ("não joga Valorant em Curitiba", ["estado=PR and cidade=Curitiba", "not jogos_favoritos=Valorant"]),
        ("microfone não", ["usa_microfone=0"]),
        ("não só RPG", ["genero=RPG"]),
        ("joga RPG sem pressa", ["genero=RPG"]),
        ("ninguém que jogue RPG", ["not genero=RPG"]),
        ("não curte Valorant mas curte RPG", ["not jogos_favoritos=Valorant", "genero=RPG"]),
    ],
)
def test_a_denial_reaches_what_is_joined_to_it_and_no_further(text: str, clauses: list[str]) -> None:
    assert read(text) == clauses


@pytest.mark.parametrize(
    ("text", "clauses"),
    [
        ("joga há mais de 20 anos", ["anos_experiencia>20"]),
        ("entre 25 e 30 anos", ["idade>=25 and idade<=30"]),
        ("25-30 anos", ["idade>=25 and idade<=30"]),
        ("até dezoito anos", ["idade<=18"]),
        ("30+", ["idade>=30"]),
        ("trinta e poucos anos", ["idade>=30 and idade<=39"]),
        ("menos de dois anos de experiência", ["anos_experiencia<2"]),
        ("joga há pelo menos 5 anos e no máximo 8", ["anos_experiencia>=5", "anos_experiencia<=8"]),
        ("não tem mais de 30 anos", ["not idade>30"]),
        ("mulher, 25, LoL", ["sexo=Feminino", "jogos_favoritos=League of Legends", "idade=25"]),
        ("quarentona", ["sexo=Feminino", "idade>=40 and idade<=49"]),
    ],
)
def test_numbers_are_compared_as_they_are_said(text: str, clauses: list[str]) -> None:
    assert read(text) == clauses


@pytest.mark.parametrize(
    ("text", "clauses"),
    [
        ("PC ou PS5", ["plataformas_possuidas=PC or plataformas_possuidas=PlayStation 5"]),
        ("PC e PS5", ["plataformas_possuidas=PC", "plataformas_possuidas=PlayStation 5"]),
        ("LoL, Dota 2 ou Smite 2", [LOL_OR_DOTA]),
        ("de manhã e de tarde", ["disponibilidade=Manhã or disponibilidade=Tarde"]),
        ("joga Valorant ou ouve samba", ["jogos_favoritos=Valorant or interesses_musicais=Samba"]),
    ],
)  # fmt: skip
def test_alternatives_are_those_joined_by_or_and_values_that_exclude_each_other(
    text: str, clauses: list[str]
) -> None:
    assert read(text) == clauses


@pytest.mark.parametrize(
    ("text", "clauses"),
    [
        ("gamers do nordeste", ["regiao=Nordeste"]),
        ("do Sul e do Sudeste", ["regiao=Sul or regiao=Sudeste"]),
        ("nordestina", ["regiao=Nordeste"]),
        ("interior de São Paulo", ["capital=false", "estado=SP"]),
        ("fora de São Paulo", ["not (estado=SP or cidade=São Paulo)"]),
        ("Floripa", ["estado=SC and cidade=Florianópolis"]),
        ("João Pedro", ["nome has joao … pedro", "nome has 'joao pedro'"]),
        ("José da Silva", ["nome has jose … silva", "nome has 'jose da silva'"]),
        ("João Pessoa", ["estado=PB and cidade=João Pessoa"]),
        ("sobrenome Lima", ["nome has lima"]),
        ("jogos de guerra", []),
        ("interior da Bahia", ["capital=false", "estado=BA"]),
        ("Baía", ["nome has baia"]),
        ("perfil da Juliana Oliveira", ["nome has juliana … oliveira", "nome has 'juliana oliveira'"]),
        ("Pedro Santos, SP", ["estado=SP", "nome has pedro … santos", "nome has 'pedro santos'"]),
        ("São José dos Campos", ["estado=SP and cidade=São José dos Campos"]),
        ("Colombo", ["nome has colombo"]),
        ("Mariana de Minas", ["estado=MG", "nome has mariana"]),
    ],
)
def test_places_and_names_of_people_are_told_apart(text: str, clauses: list[str]) -> None:
    assert read(text) == clauses


@pytest.mark.parametrize(
    ("text", "clauses"),
    [
        ("Bom Jesus, PI", ["estado=PI and cidade=Bom Jesus"]),
        ("de Colombo - PR", ["estado=PR and cidade=Colombo"]),
        ("Bonito (Mato Grosso do Sul)", ["estado=MS and cidade=Bonito"]),
        ("Bom Jesus do Piauí", ["estado=PI and cidade=Bom Jesus"]),
        ("fora de Bonito, MS", ["not (estado=MS and cidade=Bonito)"]),
        ("jogador feliz do Rio Grande do Sul", ["estado=RS"]),
        ("jogo bonito", []),
        ("mora em Santos", ["estado=SP and cidade=Santos"]),
        ("joga em Porto Alegre", ["estado=RS and cidade=Porto Alegre"]),
        ("mora em Mato Grosso", ["estado=MT"]),
        ("Belém", ["estado=PA and cidade=Belém"]),
        ("Belém, PB", ["estado=PB and cidade=Belém"]),
        ("Soure, Pará", ["estado=PA and cidade=Soure"]),
        ("mora em Sete Lagoas", ["estado=MG and cidade=Sete Lagoas"]),
        ("mora em Curtiba", ["estado=PR and cidade=Curitiba"]),
        ("em março", []),
        ("em Marco", ["estado=CE and cidade=Marco"]),
    ],
)
def test_a_town_that_is_a_word_is_meant_by_what_stands_around_it(text: str, clauses: list[str]) -> None:
    assert read(text) == clauses


def test_a_town_is_read_with_its_state_and_where_one_lives() -> None:
    places = vocabulary_of(load_bundle("gamer_br")).places
    for town, state in places.cities[::40]:
        both = f"estado={state} and cidade={town}"
        assert read(f"joga LoL, de {town} ({state})") == [both, "jogos_favoritos=League of Legends"]
        assert read(f"{town}, {state}") == [both]
        assert read(f"mora em {town}")[0].startswith("estado=")


def test_words_of_the_schema_and_names_of_people_are_no_towns() -> None:
    vocabulary = vocabulary_of(load_bundle("gamer_br"))
    named = ("jogos_favoritos", "estilos_preferidos", "interesses_musicais")
    for value in [each for column, values in vocabulary.values if column in named for each in values][::5]:
        assert "cidade" not in " ".join(read(f"curte {value}")), value
    draw = next(each.draw for each in vocabulary.columns.values() if isinstance(each.draw, FullName))
    for name in draw.lasts[::5]:
        assert "cidade" not in " ".join(read(f"Ana {name}, SP")), name


@pytest.mark.parametrize(
    ("text", "clauses"),
    [
        ("valorent", ["jogos_favoritos=Valorant"]),
        ("freefire", ["jogos_favoritos=Free Fire"]),
        ("leage of legends", ["jogos_favoritos=League of Legends"]),
        ("lolzinho", ["jogos_favoritos=League of Legends"]),
        ("among", ["jogos_favoritos=Among Us"]),
        ("playstaion 5", ["plataformas_possuidas=PlayStation 5"]),
        ("profissionalmente", ["nivel_competitivo=Profissional"]),
        ("mora numa casa com cachorro", []),
        ("todo mundo livre, qualquer coisa", []),
    ],
)
def test_a_word_may_be_joined_inflected_or_mistyped(text: str, clauses: list[str]) -> None:
    assert read(text) == clauses


@pytest.mark.parametrize(
    ("schema", "text", "clauses"),
    [
        ("gamer_br", "speaks English but not Japanese", ["not idiomas=Japonês", "idiomas=Inglês"]),
        ("gamer_br", "no horror games", ["not genero=Terror"]),
        ("gamer_br", "playing for over 15 years", ["anos_experiencia>15"]),
        ("customer_us", "men who don't live alone", ["sex=Male", "not household=Alone"]),
        ("customer_us", "signed up after March 2022", ["signed_up>=2022-04-01"]),
        ("customer_us", "earns more than 150k", ["income>150000"]),
        ("patient", "Mann über sechzig ohne Hausarzt", [*OLD_MEN, "hausarzt=false"]),
        ("patient", "nicht aus Bayern, BMI über 30", ["not land=Bayern", "bmi>30"]),
        ("patient", "geboren vor 1950", ["geburtsdatum<1950-01-01"]),
    ],
)  # fmt: skip
def test_languages_and_schemas_differ_in_data_alone(schema: str, text: str, clauses: list[str]) -> None:
    assert read(text, schema) == clauses


def test_words_that_say_nothing_are_told() -> None:
    assert reader_of(load_bundle("gamer_br")).read("joga RPG com bolo de chocolate").words == (
        "bolo",
        "chocolate",
    )


@pytest.mark.parametrize("tag", languages())
def test_every_language_has_a_grammar(tag: str) -> None:
    grammar = load_grammar(f"{tag}-XX")
    assert grammar.tag == tag and grammar.stemmer
    for name in ("denies", "verbs", "ors", "ands", "more", "less", "between", "since", "named"):
        assert getattr(grammar, name), name
    assert all(phrase.count("{}") == 2 for phrase in grammar.between)


def test_what_the_queries_of_the_benchmark_state_is_read_from_each() -> None:
    for path in QUERIES.glob("*.tsv"):
        schema = next(name for name in ("gamer_br", "customer_us", "patient") if path.name.startswith(name))
        reader = reader_of(load_bundle(schema))
        for row in csv.DictReader(
            path.read_text(encoding="utf-8").splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE
        ):
            assert reader.read(row["text"]).clauses, row["text"]
