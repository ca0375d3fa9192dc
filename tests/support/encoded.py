"""Profiles, and what the encoders make of them, for tests to look at; made once."""

import functools
from typing import Literal

import numpy as np
import pyarrow as pa

from synthprof.encoders import encoder
from synthprof.encoders.encoder import Encoder, TextEncoder
from synthprof.profiles.drawing import generate
from synthprof.schemas.loader import load_bundle, load_schema
from synthprof.spec.spec import Spec

ADA = {
    "id": 1,
    "nome": "Ada Moraes",
    "idade": 31,
    "cidade": "Recife",
    "estado": "PE",
    "sexo": "Feminino",
    "interesses_musicais": "Forró, Metal",
    "jogos_favoritos": "Elden Ring, Hollow Knight, Tibia",
    "plataformas_possuidas": "PC, Steam Deck",
    "estilos_preferidos": "Soulslike, Exploração",
    "disponibilidade": "Madrugada",
    "interacao_desejada": "Trocar dicas",
    "compartilhar_contato": 0,
    "anos_experiencia": 12,
    "objetivo_principal": "Conquistas",
    "usa_microfone": 1,
    "idiomas": "Português, Inglês",
    "nivel_competitivo": "Avançado",
    "estilo_comunicacao": "Reservado",
    "descricao": "Ada tem 31 anos.",
}
BIA = ADA | {
    "id": 2,
    "nome": "Bia Souza",
    "idade": 58,
    "interesses_musicais": "Gospel",
    "jogos_favoritos": "Candy Crush Saga",
    "plataformas_possuidas": "Celular",
    "estilos_preferidos": "Solo",
    "disponibilidade": "Manhã",
    "usa_microfone": 0,
    "descricao": "Bia é avó; joga no celular.",
}


def batch_of(*rows: dict[str, object]) -> pa.RecordBatch:
    return pa.RecordBatch.from_pylist(list(rows))


@functools.cache
def made_profiles(separation: float = 0.8, rows: int = 16_384) -> tuple[pa.RecordBatch, np.ndarray]:
    made = generate(load_schema("gamer_br"), 42, "pt_BR", separation, 0, rows)
    return made.profiles, made.archetypes


@functools.cache
def encoder_of(
    name: Literal["catalogue", "hashed"], dim: int = 128, seed: int = 42, hardness: float = 0.0
) -> Encoder:
    """Return an encoder, mostly without noise: to see what fields do."""
    spec = Spec(encoder=name, dim_embedding=dim, seed=seed, hardness=hardness)
    return encoder.encoder_of(spec, load_bundle("gamer_br"))


@functools.cache
def embedded(separation: float = 0.8, hardness: float = 0.0) -> np.ndarray:
    return encoder_of("catalogue", hardness=hardness).encode(made_profiles(separation)[0])


def embedded_texts(*texts: str) -> np.ndarray:
    encoder = encoder_of("catalogue")
    assert isinstance(encoder, TextEncoder)
    return encoder.encode_text(texts)
