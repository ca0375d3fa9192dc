"""Claims on the texts of gamer_br: they tell all that the columns say and no more, in clean Portuguese."""

import itertools
import re
import tomllib
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from synthprof.profiles.drawing import generate
from synthprof.schemas.loader import load_schema
from synthprof.schemas.sizes import with_prose

SCHEMA = load_schema("gamer_br")
FILE = Path(__file__).parents[2] / "synthprof" / "schemas" / "gamer_br" / "phrases.toml"
TOLD = {column.name for column in SCHEMA.columns} - {"descricao"}
PLACEHOLDER = re.compile(r"\{(\w+)(?::[^{}]*)?\}")

WORDS = {
    "disponibilidade": {
        "Manhã": "manhã", "Tarde": "tarde", "Noite": "noite", "Madrugada": "madrugada",
        "Fins de semana": "fins de semana", "Flexível": "flexíve",
    },
    "interacao_desejada": {
        "Jogar online": "jogar online", "Conversar sobre jogos": "conversar sobre jogos",
        "Formar equipe fixa": "equipe fixa", "Disputar campeonatos": "campeonatos",
        "Trocar dicas": "trocar dicas", "Fazer amizades": "amizades",
        "Assistir a transmissões": "transmissões",
    },
    "objetivo_principal": {
        "Diversão": "diversão", "Competição": "competir|competição", "Socialização": "socializ",
        "Relaxamento": "relax", "Conquistas": "conquistas", "Criação de conteúdo": "conteúdo",
        "Carreira em eSports": "carreira em eSports", "Explorar histórias": "explorar histórias",
    },
    "nivel_competitivo": {
        "Casual": "casual", "Iniciante": "iniciante", "Intermediário": "intermediári",
        "Avançado": "avançad", "Semiprofissional": "semiprofissional", "Profissional": r"\bprofissional",
    },
    "estilo_comunicacao": {
        "Descontraído": "descontraíd", "Objetivo": r"objetiv[oa]\b(?! principal)",
        "Estratégico": "estratégic", "Bem-humorado": "bem-humorad", "Reservado": "reservad",
        "Acolhedor": "acolhedor",
    },
    "usa_microfone": {
        0: "não us[ao] microfone|sem microfone|dispens[ao] o microfone",
        1: "(?<!não )us[ao] microfone|com microfone|microfone ligado",
    },
    "compartilhar_contato": {
        0: "não compartilh", 1: "(?<!não )compartilh[ao] o contato|(aceit|concord)[ao] (em )?compartilhar",
    },
}  # fmt: skip
"""Words that tell each value and no other one of its column."""

SEXES = {
    "Feminino": re.compile(r"\b(jogadora|moradora|(uma|[Aa]) gamer|ela)\b", re.IGNORECASE),
    "Masculino": re.compile(r"\b(jogador|morador|(um|o) gamer|ele)\b", re.IGNORECASE),
}
FIRST = re.compile(r"\b(sou|tenho|moro|falo|meus?|minha|quero|prefiro|estou|uso|curto)\b", re.IGNORECASE)
THIRD = re.compile(
    r"\b((?<!playlist )tem|mora|fala|seus?|sua|quer|prefere|está|usa|curte|ele|ela)\b", re.IGNORECASE
)

FAULTS = {
    "two spaces or one at an end": r"  |^ | $",
    "a space before a sign, or none after one": r" [.,;:!?)]|\( |[,;](?=[^ \d])",
    "a sign twice": r"[.,;:]{2}|;\.|, [,;.]",
    "a word twice": r"\b(\w+) \1\b(?! Clans)",
    "an unfilled place": r"[{}~|](?!S\b)|\bNone\b",
    "a preposition before an article": r"\b(de|em|por|a) (o|a|os|as)\b(?! gamer)",
    "a sentence that begins small": r"\. [a-záéíóúâêôãõç]",
    "a number of years that does not agree": r"\b(1|0) anos|\d ano\b|\bum anos",
    "a feminine with a masculine article": r"\b(um|o) (jogadora|moradora)\b|\b(uma|a) (jogador|morador)\b",
}


def rows(size: str, seed: int, count: int) -> list[dict[str, Any]]:
    """Rows with texts of a size, several blocks if there are many."""
    return generate(with_prose(SCHEMA, size), seed, "pt_BR", 0.8, 0, count).profiles.to_pylist()


def file() -> dict[str, Any]:
    return tomllib.loads(FILE.read_text(encoding="utf-8"))


def templates_of(slot: dict[str, Any]) -> list[str]:
    found = [*slot.get("templates", []), *(t for v in slot.get("variant", []) for t in v["templates"])]
    return found + [t for values in slot.get("by_value", {}).values() for ts in values.values() for t in ts]


# --- the file


def test_a_rich_plan_tells_every_column_once() -> None:
    slots = {slot["name"]: slot for slot in file()["slot"]}
    plans = [plan for plan in file()["plan"] if plan["size"] == "rich"]
    assert len(plans) >= 3
    for plan in plans:
        told = Counter(
            column for name in (*plan["begin"], *plan["free"]) for column in slots[name]["columns"]
        )
        assert told == dict.fromkeys(TOLD, 1), plan


def test_every_sentence_has_ten_shapes_of_its_own() -> None:
    for slot in file()["slot"]:
        if not slot["name"].startswith("cartao"):
            found = templates_of(slot)
            assert len(set(found)) == len(found) >= 10, slot["name"]


def test_templates_name_the_columns_of_their_sentence_and_no_others() -> None:
    data = file()
    inner = {phrase["name"]: phrase for phrase in data["phrase"]}
    turns = set(data["turns"])

    def named(part: dict[str, Any]) -> set[str]:
        found = {name for text in templates_of(part) for name in PLACEHOLDER.findall(text)} - turns
        asked = {name for variant in part.get("variant", []) for name in variant.get("when", {})}
        deeper = [named(inner[name]) for name in found & inner.keys()]
        return (found - inner.keys()).union(asked, part.get("by_value", {}), *deeper)

    for slot in data["slot"]:
        for text in templates_of(slot):
            assert named(slot | {"templates": [text], "variant": [], "by_value": {}}) <= set(slot["columns"])
        assert named(slot) | {"sexo"} >= set(slot["columns"]), slot["name"]


def test_no_sentence_ends_with_the_games() -> None:
    for slot in file()["slot"]:
        assert not [text for text in templates_of(slot) if text.endswith("{jogos_favoritos:e}.")], slot[
            "name"
        ]


# --- the texts


@pytest.mark.parametrize("seed", [1, 2])
def test_a_rich_text_tells_what_every_column_says(seed: int) -> None:
    for row in rows("rich", seed, 5_000):
        text = row["descricao"]
        assert row["nome"] in text and f"{row['idade']} anos" in text, text
        assert f"{row['cidade']} ({row['estado']})" in text, text
        for game in row["jogos_favoritos"].split(", "):
            assert game in text, (game, text)
        for column in ("plataformas_possuidas", "estilos_preferidos", "interesses_musicais", "idiomas"):
            for item in row[column].split(", "):
                assert item in text or item.lower() in text, (item, text)
        years = {0: "menos de um ano", 1: "um ano"}.get(
            row["anos_experiencia"], f"{row['anos_experiencia']} anos"
        )
        assert years in text, (years, text)
        assert SEXES[row["sexo"]].search(text), text


def test_a_rich_text_says_nothing_else() -> None:
    """Of each column with known values it tells one; what is not a value of the row is no number or list."""
    for row in rows("rich", 3, 5_000):
        text = row["descricao"].replace(row["nome"], "").replace(row["cidade"], "")
        for item in row["jogos_favoritos"].split(", "):
            text = text.replace(item, "")
        for column, words in WORDS.items():
            found = {value for value, pattern in words.items() if re.search(pattern, text, re.IGNORECASE)}
            assert found == {row[column]}, (column, found, row["descricao"])
        lists = ("estilos_preferidos", "interesses_musicais", "idiomas")
        own = {item.lower() for column in lists for item in row[column].split(", ")}
        for column in lists:
            for item in {value.lower() for value in SCHEMA.column(column).values} - own:
                inside = any(item in mine for mine in own) or item in (
                    "social",
                    "objetivo",
                    "competitivo",
                    "solo",
                )
                assert inside or not re.search(rf"(, | e |estilos? |de ){re.escape(item)}\b", text), (
                    item,
                    text,
                )
        numbers = {
            int(number) for number in re.findall(r"\b\d+ anos", text) for number in [number.split()[0]]
        }
        assert numbers <= {row["idade"], row["anos_experiencia"]}, text


@pytest.mark.parametrize("size", ["short", "rich"])
def test_texts_agree_in_sex_and_keep_their_person(size: str) -> None:
    persons = Counter()
    for row in rows(size, 4, 5_000):
        text = row["descricao"].replace(row["nome"], "").replace(row["nome"].split()[0], "")
        for game in row["jogos_favoritos"].split(", "):
            text = text.replace(game, "")
        other = SEXES["Masculino" if row["sexo"] == "Feminino" else "Feminino"]
        assert not other.search(text), text
        first, third = FIRST.search(text), THIRD.search(text)
        assert not (first and third), (first, third, row["descricao"])
        persons["first" if first else "third"] += 1
    assert min(persons["first"], persons["third"]) > 1_500


@pytest.mark.parametrize("size", ["card", "short", "rich"])
def test_10_000_texts_keep_the_rules_of_writing(size: str) -> None:
    faults = {name: re.compile(pattern) for name, pattern in FAULTS.items()}
    for row in rows(size, 5, 10_000):
        text = row["descricao"]
        for game in sorted(row["jogos_favoritos"].split(", "), key=len, reverse=True):
            text = text.replace(game, "Jogo")
        text = text.replace(row["nome"], "Nome").replace(row["cidade"], "Cidade")
        for name, pattern in faults.items():
            assert not (size != "card" or "space" in name) or not pattern.search(text), (
                name,
                row["descricao"],
            )
        assert text[0].isupper() and text.endswith(".") != (size == "card"), row["descricao"]


def test_lists_have_e_before_their_last_item() -> None:
    for row in rows("rich", 6, 3_000):
        for column in ("jogos_favoritos", "estilos_preferidos", "interesses_musicais", "idiomas"):
            *_, last = row[column].split(", ")
            if "," in row[column]:
                assert re.search(
                    rf"\be (de |de interação |para a )?{re.escape(last)}", row["descricao"], re.IGNORECASE
                ), (last, row["descricao"])


def test_sizes_go_from_a_line_to_a_paragraph() -> None:
    sentences: dict[str, Counter[int]] = {}
    for size in ("card", "short", "rich"):
        found = sentences[size] = Counter()
        for row in rows(size, 7, 2_000):
            plain = row["descricao"]
            for game in row["jogos_favoritos"].split(", "):
                plain = plain.replace(game, "Jogo")
            found[len(re.findall(r"\.(?= |$)", plain))] += 1
    assert set(sentences["card"]) == {0}
    assert set(sentences["short"]) == {1, 2, 3} and min(sentences["short"].values()) > 100
    assert set(sentences["rich"]) == {7}


def test_themes_come_in_any_order() -> None:
    starts = Counter()
    for row in rows("rich", 8, 5_000):
        second = re.split(r"(?<=[a-zç)0-9])\. ", row["descricao"])[1]
        starts[
            "games" if any(game in second for game in row["jogos_favoritos"].split(", ")) else "other"
        ] += 1
    assert 500 < starts["games"] < 2_000


def test_cities_have_their_prepositions() -> None:
    seen = Counter()
    for row in rows("rich", 9, 16_384):
        if row["cidade"] in ("Rio de Janeiro", "Serra", "Recife", "São Paulo"):
            found = re.search(rf"(\S+) {row['cidade']} \(", row["descricao"])
            seen[row["cidade"], found[1].lower() if found else ""] += 1
    assert {word for city, word in seen if city == "Rio de Janeiro"} == {"no", "do", "é"}
    assert {word for city, word in seen if city == "São Paulo"} == {"em", "de", "é"}
    assert {word for city, word in seen if city == "Serra"} <= {"na", "da", "é"}


def test_of_100_000_rich_texts_all_but_a_few_differ() -> None:
    found: set[str] = set()
    for number in range(6):
        found |= set(generate(SCHEMA, 1, "pt_BR", 0.8, number).profiles.column("descricao").to_pylist())
    assert len(found) >= 0.9999 * 6 * 16_384


def test_neighbouring_sentences_begin_with_different_words() -> None:
    alike = pairs = 0
    for row in rows("rich", 10, 1_000):
        text = row["descricao"]
        for game in row["jogos_favoritos"].split(", "):
            text = text.replace(game, "Jogo")
        begins = [sentence.split()[0] for sentence in re.split(r"(?<=\.) ", text)]
        alike += sum(first == second for first, second in itertools.pairwise(begins))
        pairs += len(begins) - 1
    assert alike / pairs < 0.01, alike
