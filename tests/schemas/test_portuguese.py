"""The Portuguese of gamer_br, checked by foreign tools: Lightproof's grammar and Hunspell's dictionary."""

import re
import shutil
import subprocess
from typing import Any

import pytest

from synthprof.profiles.drawing import generate
from synthprof.schemas.loader import load_schema
from synthprof.schemas.sizes import with_prose
from tests.support.lightproof import Lightproof, folder

SCHEMA = load_schema("gamer_br")
STAND_INS = {
    "jogos_favoritos": ["Valorant", "Fortnite", "Roblox", "Minecraft", "Tetris"],
    "estilos_preferidos": ["hardcore", "indie", "solo", "retrô"],
    "interesses_musicais": ["rock", "samba", "pagode", "forró"],
}
"""Words that stand for the items of long lists, so that sentences recur."""

LOANS = {"gamer", "online", "playlist", "esports"}
"""Words of the players' language that the dictionary lacks."""


def texts(size: str, count: int) -> list[str]:
    made = generate(with_prose(SCHEMA, size), 11, "pt_BR", 0.8, 0, count).profiles
    return [plain(row) for row in made.to_pylist()]


def plain(row: dict[str, Any]) -> str:
    """Return a text with stand-ins for its names, numbers and lists."""
    text = row["descricao"].replace(row["nome"], "Ana Souza").replace(row["cidade"], "Campinas")
    for words in (3, 2, 1):
        text = re.sub(rf"\b{re.escape(' '.join(row['nome'].split()[:words]))}\b", "Ana", text)
    for column, names in STAND_INS.items():
        items = zip(row[column].split(", "), names, strict=False)
        for item, name in sorted(items, key=lambda pair: -len(pair[0])):
            text = re.sub(rf"(?<!\w){re.escape(item)}(?!\w)", name, text, count=1, flags=re.IGNORECASE)
    return re.sub(r"\([A-Z]{2}\)", "(SP)", re.sub(r"\d+ anos", "20 anos", text))


def sentences(found: list[str]) -> set[str]:
    return {part for text in found for part in re.split(r"(?<=[.])\s", text)}


@pytest.mark.long
@pytest.mark.skipif(folder() is None, reason="the rules of Lightproof are not installed")
def test_the_grammar_of_10_000_texts_has_no_fault_that_lightproof_knows() -> None:
    modules = folder()
    assert modules is not None
    checker = Lightproof(modules)
    planted = checker.faults(
        ["Eu gosta de jogos.", "Os jogo são bons.", "Ele joga joga à noite.", "As vezes joga."]
    )
    assert len({fault.sentence for fault in planted}) >= 2
    assert checker.faults(sentences(texts("rich", 8_000) + texts("short", 2_000))) == []


@pytest.mark.skipif(shutil.which("hunspell") is None, reason="hunspell is not installed")
def test_every_word_stands_in_the_dictionary() -> None:
    words = {word for text in texts("rich", 3_000) for word in re.findall(r"[^\W\d_]+(?:-[^\W\d_]+)*", text)}
    asked = "\n".join(sorted(words | {"jogadro"}))
    told = subprocess.run(
        ["hunspell", "-d", "pt_BR", "-l"], input=asked, capture_output=True, text=True, check=True
    ).stdout.split()
    assert "jogadro" in told
    names = {
        word
        for column in SCHEMA.columns
        for value in column.values
        for word in re.findall(r"\w+", value.lower())
    }
    assert {word for word in told if word.lower() not in LOANS | names} == {"jogadro"}
