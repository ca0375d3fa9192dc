"""Claims the catalogue files make: counts, facts that can be added up, and references between files."""

import csv
import re
from collections import Counter
from pathlib import Path

import pytest

CATALOGUE = Path(__file__).parents[2] / "synthprof" / "schemas" / "gamer_br"

HEADERS = {
    "states": ["uf", "estado", "regiao", "capital", "populacao"],
    "cities": ["codigo", "cidade", "uf", "porte", "populacao"],
    "ages": ["idade", "populacao", "jogadores"],
    "names": ["nome", "sexo", "1940", "1950", "1960", "1970", "1980", "1990", "2000"],
    "surnames": ["sobrenome", "peso", "particula", "com_particula", "origem"],
    "games": ["jogo", "genero", "plataformas", "estilos", "peso", "modos", "publico", "lancamento"],
    "styles": ["estilo", "peso"],
    "music": ["estilo_musical", "peso"],
    "languages": ["idioma", "peso"],
    "starts": ["idade", "peso"],
}
KEYS = {
    "states": ["uf"],
    "cities": ["cidade", "uf"],
    "ages": ["idade"],
    "names": ["nome"],
    "surnames": ["sobrenome"],
    "games": ["jogo"],
    "styles": ["estilo"],
    "music": ["estilo_musical"],
    "languages": ["idioma"],
    "starts": ["idade"],
}
PLATFORMS = {
    "PC",
    "PlayStation 5",
    "PlayStation 4",
    "Xbox Series X|S",
    "Xbox One",
    "Nintendo Switch",
    "Celular",
    "Steam Deck",
    "Meta Quest",
}
CAPITALS = {
    "AC": "Rio Branco",
    "AL": "Maceió",
    "AM": "Manaus",
    "AP": "Macapá",
    "BA": "Salvador",
    "CE": "Fortaleza",
    "DF": "Brasília",
    "ES": "Vitória",
    "GO": "Goiânia",
    "MA": "São Luís",
    "MG": "Belo Horizonte",
    "MS": "Campo Grande",
    "MT": "Cuiabá",
    "PA": "Belém",
    "PB": "João Pessoa",
    "PE": "Recife",
    "PI": "Teresina",
    "PR": "Curitiba",
    "RJ": "Rio de Janeiro",
    "RN": "Natal",
    "RO": "Porto Velho",
    "RR": "Boa Vista",
    "RS": "Porto Alegre",
    "SC": "Florianópolis",
    "SE": "Aracaju",
    "SP": "São Paulo",
    "TO": "Palmas",
}


def rows(name: str) -> list[dict[str, str]]:
    lines = (CATALOGUE / f"{name}.csv").read_text(encoding="utf-8").splitlines()
    return list(csv.DictReader(line for line in lines if not line.startswith("#")))


@pytest.mark.parametrize("name", HEADERS)
def test_file_says_its_source_and_has_its_columns(name: str) -> None:
    lines = (CATALOGUE / f"{name}.csv").read_text(encoding="utf-8").splitlines()
    comments = [line for line in lines if line.startswith("#")]
    assert lines[: len(comments)] == comments
    assert re.search(r"IBGE|[Ee]stimate", " ".join(comments))
    assert lines[len(comments)].split(",") == HEADERS[name]


@pytest.mark.parametrize("name", HEADERS)
def test_fields_are_whole_and_hold_no_separator(name: str) -> None:
    for row in rows(name):
        assert set(row) == set(HEADERS[name]), row
        for column, value in row.items():
            assert value == value.strip(), row
            assert value or column in {"particula", "com_particula"}, row
            assert "," not in value, row
            assert "\ufffd" not in value and '"' not in value, row
            assert ";" not in value or column in {"plataformas", "estilos", "modos"}, row


@pytest.mark.parametrize("name", HEADERS)
def test_no_row_is_written_twice(name: str) -> None:
    keys = Counter(tuple(row[k].casefold() for k in KEYS[name]) for row in rows(name))
    assert [k for k, n in keys.items() if n > 1] == []


@pytest.mark.parametrize("name", ["names", "surnames", "games", "styles", "music", "languages"])
def test_weights_are_never_negative_and_every_row_has_one(name: str) -> None:
    for row in rows(name):
        weights = [float(v) for c, v in row.items() if c == "peso" or c.isdigit()]
        assert min(weights) >= 0 and max(weights) > 0, row


def test_states_are_27_and_add_up_to_the_census_total() -> None:
    states = rows("states")
    assert len(states) == 27
    assert sum(int(s["populacao"]) for s in states) == 203_080_756  # IBGE, Censo 2022, final result
    assert {s["uf"]: s["capital"] for s in states} == CAPITALS
    regions = {"Norte": 7, "Nordeste": 9, "Sudeste": 4, "Sul": 3, "Centro-Oeste": 4}
    assert Counter(s["regiao"] for s in states) == regions


def test_all_5570_municipalities_are_there_and_add_up_to_their_states() -> None:
    cities = rows("cities")
    assert len(cities) == len({c["codigo"] for c in cities}) == 5_570
    assert {c["codigo"][:2]: c["uf"] for c in cities}.keys() == {c["codigo"][:2] for c in cities}
    total: Counter[str] = Counter()
    for city in cities:
        total[city["uf"]] += int(city["populacao"])
    assert total == {s["uf"]: int(s["populacao"]) for s in rows("states")}


def test_every_capital_is_there() -> None:
    assert set(CAPITALS.items()) <= {(c["uf"], c["cidade"]) for c in rows("cities")}


def test_known_municipalities_have_the_figures_of_the_census() -> None:
    known = {("São Paulo", "SP"): 11_451_999, ("Borá", "SP"): 907, ("Rio de Janeiro", "RJ"): 6_211_223,
             ("Santa Maria", "RS"): 271_735, ("Santa Maria", "RN"): 4_847, ("Boa Vista", "RR"): 413_486,
             ("Boa Vista", "PB"): 6_377}  # fmt: skip
    people = {(c["cidade"], c["uf"]): int(c["populacao"]) for c in rows("cities")}
    assert {town: people[town] for town in known} == known


def test_a_third_of_the_people_live_in_towns_of_up_to_50_000() -> None:
    people = Counter[str]()
    for city in rows("cities"):
        people[city["porte"]] += int(city["populacao"])
    small = people["até 20 mil"] + people["20 a 50 mil"]
    assert round(small / people.total(), 3) == 0.315


def test_ages_run_from_16_to_75_without_gap() -> None:
    assert [int(a["idade"]) for a in rows("ages")] == list(range(16, 76))


def test_propensity_to_play_peaks_young_and_then_only_falls() -> None:
    share = {int(a["idade"]): float(a["jogadores"]) for a in rows("ages")}
    peak = max(share, key=share.__getitem__)
    assert 16 <= peak <= 30 and share[peak] <= 100
    assert all(share[a] > share[a + 1] > 0 for a in range(peak, 75))


def test_more_than_half_of_the_players_are_at_most_35() -> None:
    weight = {int(a["idade"]): float(a["populacao"]) * float(a["jogadores"]) for a in rows("ages")}
    assert sum(w for a, w in weight.items() if a <= 35) > sum(weight.values()) / 2


@pytest.mark.parametrize("sex", ["Feminino", "Masculino"])
def test_at_least_150_names_of_each_sex(sex: str) -> None:
    names = rows("names")
    assert {n["sexo"] for n in names} == {"Feminino", "Masculino"}
    assert sum(n["sexo"] == sex for n in names) >= 150


def test_names_belong_to_their_generation() -> None:
    weight = {n["nome"]: {int(d): float(n[d]) for d in HEADERS["names"][2:]} for n in rows("names")}
    for old in ("Severino", "Terezinha", "Sebastião", "Benedita"):
        assert weight[old][1950] > 10 * weight[old][2000], old
    for late in ("Enzo", "Valentina", "Kauã", "Yasmin"):
        assert weight[late][2000] > 10 * weight[late][1970], late


@pytest.mark.parametrize(("sex", "most"), [("Feminino", 0.27), ("Masculino", 0.24)])
def test_double_names_have_a_tenth_to_a_quarter_of_each_cohort(sex: str, most: float) -> None:
    names = [row for row in rows("names") if row["sexo"] == sex]
    for decade in HEADERS["names"][2:]:
        of_all = sum(float(row[decade]) for row in names)
        double = sum(float(row[decade]) for row in names if " " in row["nome"])
        assert 0.1 < double / of_all < most, decade


def test_particles_have_shares() -> None:
    for row in rows("surnames"):
        assert bool(row["particula"]) == bool(row["com_particula"]), row
        assert row["particula"] in {"", "da", "de", "do", "das", "dos"}, row
        assert 0 <= float(row["com_particula"] or 0) < 1, row


def test_at_least_450_surnames_with_silva_first() -> None:
    surnames = rows("surnames")
    assert len(surnames) >= 450
    assert [s["sobrenome"] for s in surnames[:2]] == ["Silva", "Santos"]
    weights = [float(s["peso"]) for s in surnames]
    assert weights == sorted(weights, reverse=True)


def test_at_least_150_games_and_six_per_genre() -> None:
    games = rows("games")
    assert len(games) >= 150
    per_genre = Counter(g["genero"] for g in games)
    assert 14 <= len(per_genre) <= 17
    assert min(per_genre.values()) >= 6


def test_games_run_on_known_platforms_and_serve_known_styles() -> None:
    styles = {s["estilo"] for s in rows("styles")}
    for game in rows("games"):
        platforms, served = game["plataformas"].split(";"), game["estilos"].split(";")
        assert set(platforms) <= PLATFORMS and len(platforms) == len(set(platforms)), game
        assert set(served) <= styles and 1 <= len(served) == len(set(served)) <= 6, game


MODES = {"solo", "local", "online", "equipe", "disputa", "ranqueado", "esports", "historia"}


def test_games_have_known_modes_and_those_that_others_need() -> None:
    for game in rows("games"):
        modes, styles = set(game["modos"].split(";")), set(game["estilos"].split(";"))
        assert modes <= MODES and modes & {"solo", "local", "online"}, game
        assert "online" in modes or not modes & {"equipe"}, game
        assert "disputa" in modes or not modes & {"ranqueado", "esports"}, game
        assert "disputa" not in modes or styles & {"Competitivo", "PvP", "Ranqueado"}, game
        assert "historia" not in modes or styles & {"Narrativo", "Mundo aberto", "Roleplay", "Exploração"}, (
            game
        )
        assert game["publico"] in {"adolescente", "jovem", "geral", "adulto", "nostálgico", "maduro"}, game
        assert 1972 <= int(game["lancamento"]) <= 2025, game


def test_every_platform_and_every_style_has_games() -> None:
    games = rows("games")
    on = Counter(p for g in games for p in g["plataformas"].split(";"))
    assert set(on) == PLATFORMS and min(on.values()) >= 6
    serving = Counter(s for g in games for s in g["estilos"].split(";"))
    assert set(serving) == {s["estilo"] for s in rows("styles")} and min(serving.values()) >= 4


def test_styles_are_30_and_none_is_a_genre() -> None:
    styles = {s["estilo"] for s in rows("styles")}
    assert len(styles) == 30
    assert styles.isdisjoint(g["genero"] for g in rows("games"))


def test_music_styles_are_40() -> None:
    assert len(rows("music")) == 40


def test_everyone_speaks_portuguese_and_it_comes_first() -> None:
    languages = rows("languages")
    assert languages[0] == {"idioma": "Português", "peso": "100"}
    assert all(0 < float(row["peso"]) < 100 for row in languages[1:])
