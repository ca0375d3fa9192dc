"""Attributes that a text names, and what agrees with them."""

from synthprof.encoders.catalogue.meanings import meanings_of
from synthprof.schemas.loader import load_bundle


def test_a_profile_agrees_with_the_values_that_it_has() -> None:
    asked = meanings_of(load_bundle("gamer_br")).read("joga RPG solo há 12 anos, mora em Curitiba")
    lists = {"jogos_favoritos": "FIFA, Skyrim, Elden Ring", "estilos_preferidos": "Solo"}
    agreeing = asked.agreeing({**lists, "anos_experiencia": 10, "cidade": "Recife"})
    assert {str(each) for each in agreeing} == {
        "jogos_favoritos=Skyrim",
        "jogos_favoritos=Elden Ring",
        "estilos_preferidos=Solo",
        "anos_experiencia=10",
    }


def test_two_texts_agree_in_the_attributes_that_both_name() -> None:
    asked = meanings_of(load_bundle("gamer_br")).read("joga RPG de madrugada")
    assert [str(each) for each in asked.agreeing_text("RPG pela manhã")] == ["genero=RPG"]
