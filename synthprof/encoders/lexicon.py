"""What phrases stand for: the values of the catalogue by their names and synonyms, numbers, places."""

from collections.abc import Sequence

import pyarrow as pa

from synthprof.encoders.synonyms import COMMON_CITIES, SYNONYMS
from synthprof.encoders.text import fold_all
from synthprof.encoders.vocabulary import Vocabulary

_STOP_WORDS = """
a adora ainda alguem ama ano anos ao aos aquele aqui as ate busca busco cada com como costuma curte curtem
curto da das de dela dele do dos e ela ele eles em entre esse esta este estilo estilos eu favorito favoritos
foi game gamer games gosta gostam gosto ha horario isso ja joga jogador jogadores jogam jogando jogar jogo
jogos la lhe mais mas me mesmo meu minha mora moram morar muito na nao nas nem no nos o os ou para pela
pelas pelo pelos perfil perfis pessoa pessoas por pra prefere pro procura procuro quais quando que quem quer
quero se sem ser seu seus sim so sua suas tambem tao te tem tenho tipo toda todo todos um uma umas uns usa
usam vai voce
"""
STOP_WORDS = frozenset(_STOP_WORDS.split())
"""Folded words that say nothing of a profile."""


FLAGS = ("0", "1")
"""Values of flags, which are no words."""

EXPERIENCE = (
    "ha {}",
    "faz {}",
    "experiencia {}",
    "{} jogando",
    "{} de experiencia",
    "{} de jogo",
    "{} de estrada",
)
"""What years of play are told by; alone they are an age."""

Lexicon = dict[str, tuple[tuple[str, str], ...]]
"""Folded phrase -> the tokens it stands for, as (column, value); none where it says nothing."""


def read_lexicon(vocabulary: Vocabulary) -> Lexicon:
    """Every phrase that names something: values and genres by their own names, places, synonyms, numbers."""
    tokens = _values(vocabulary) | _places(vocabulary)
    known = {token for found in tokens.values() for token in found}
    for phrase, names in SYNONYMS.items():
        named = [(column, value) for column, _, value in (name.partition("=") for name in names.split(";"))]
        tokens[phrase] = tuple(token for token in named if token in known)
    for number in range(1, 100):
        years = "ano" if number == 1 else "anos"
        tokens[f"{number} {years}"] = (("idade", str(number)),)
        for phrase in EXPERIENCE:
            tokens[phrase.format(f"{number} {years}")] = (("anos_experiencia", str(number)),)
    return {phrase: found for phrase, found in tokens.items() if phrase not in FLAGS}


def _values(vocabulary: Vocabulary) -> Lexicon:
    """Values by their own names, of which some mean values of several columns."""
    found: Lexicon = {}
    for column, values in (*vocabulary.values, ("genero", vocabulary.genres)):
        for phrase, value in zip(_folded(values), values, strict=True):
            if phrase not in COMMON_CITIES:
                found[phrase] = (*found.get(phrase, ()), (column, value))
    return found


def _places(vocabulary: Vocabulary) -> Lexicon:
    """Cities with their states, and after "em" those whose names are words as well."""
    found: Lexicon = {}
    folded = _folded([city for city, _ in vocabulary.cities])
    for name, (city, state) in zip(folded, vocabulary.cities, strict=True):
        found[f"{name} {state.lower()}"] = (("cidade", city), ("estado", state))
        if name in COMMON_CITIES:
            found[f"em {name}"] = (("cidade", city),)
    return found


def _folded(values: Sequence[str]) -> list[str]:
    return fold_all(pa.array(values)).to_pylist()  # type: ignore[no-any-return]
