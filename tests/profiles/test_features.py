import math

import numpy as np
import pyarrow as pa
import pytest

from synthprof.base.errors import SpecError
from synthprof.profiles.drawing import generate
from synthprof.profiles.features import check_dim, features, required_dim
from synthprof.schemas.loader import load_schema
from synthprof.spec.spec import BLOCK_ROWS, Spec
from synthprof.store.blocks import VECTORS, Blocks

SCHEMA = load_schema("gamer_br")


@pytest.fixture(scope="module")
def profiles() -> pa.RecordBatch:
    return generate(SCHEMA, 42, "pt_BR", 0.8, 2).profiles


def plain(batch: pa.RecordBatch) -> pa.RecordBatch:
    """The batch as SQLite gives it back: texts and 64-bit integers."""
    columns = {
        name: values.cast(pa.int64() if pa.types.is_integer(values.type) else pa.string())
        for name, values in zip(batch.schema.names, batch.columns, strict=True)
    }
    return pa.RecordBatch.from_pydict(columns)


def test_vectors_are_float32_c_contiguous_and_within_0_and_1(profiles):
    vectors = features(SCHEMA, profiles, 32)
    assert vectors.shape == (profiles.num_rows, 32) and vectors.dtype == np.float32
    assert vectors.flags.c_contiguous
    assert vectors.min() >= 0 and vectors.max() <= 1 and np.isfinite(vectors).all()


def test_each_feature_stands_at_its_position_with_its_value(profiles):
    vectors = features(SCHEMA, profiles, 24)
    at = {name: i for i, name in enumerate(SCHEMA.feature_names)}
    for i in range(0, profiles.num_rows, 997):
        row = profiles.slice(i, 1).to_pylist()[0]
        said = {name: vectors[i, position] for name, position in at.items()}
        assert said["idade"] == np.float32((row["idade"] - 16) / 59)
        assert said["anos_experiencia"] == np.float32(row["anos_experiencia"] / 50)
        assert said["compartilhar_contato"] == row["compartilhar_contato"]
        assert said["usa_microfone"] == row["usa_microfone"]
        for name in (
            "estado",
            "cidade",
            "sexo",
            "objetivo_principal",
            "nivel_competitivo",
            "disponibilidade",
        ):
            values = SCHEMA.column(name).values
            assert said[name] == np.float32(values.index(row[name]) / len(values))
        for name, most in {"jogos_favoritos": 5, "estilos_preferidos": 4, "idiomas": 3}.items():
            assert said[name] == np.float32(len(row[name].split(", ")) / most)
        assert said["descricao"] == np.float32(min(len(row["descricao"]) / 1_000, 1))
        years = row["anos_experiencia"]
        ratio = math.tanh(row["idade"] / years) if years else 1.0
        assert said["tanh(idade/anos_experiencia)"] == np.float32(ratio)


def test_no_experience_gives_the_ratio_1(profiles):
    vectors = features(SCHEMA, profiles, 19)
    none = profiles["anos_experiencia"].to_numpy() == 0
    assert none.any() and (vectors[none, 18] == 1).all()


def test_unused_positions_are_zero_and_used_ones_do_not_depend_on_the_dimension(profiles):
    needed = required_dim(SCHEMA)
    narrow, wide = features(SCHEMA, profiles, needed), features(SCHEMA, profiles, 128)
    assert np.array_equal(narrow, wide[:, :needed])
    assert not wide[:, needed:].any()


def test_every_feature_varies(profiles):
    assert (features(SCHEMA, profiles, required_dim(SCHEMA)).std(axis=0) > 0).all()


def test_rows_read_back_from_sqlite_give_the_same_bytes(profiles):
    assert features(SCHEMA, plain(profiles), 32).tobytes() == features(SCHEMA, profiles, 32).tobytes()


def test_a_row_s_vector_does_not_depend_on_its_neighbours(profiles):
    whole = features(SCHEMA, profiles, 32)
    parts = [features(SCHEMA, profiles.slice(i, 1_000), 32) for i in range(0, profiles.num_rows, 1_000)]
    assert np.concatenate(parts).tobytes() == whole.tobytes()


def test_no_rows_give_no_vectors(profiles):
    assert features(SCHEMA, profiles.slice(0, 0), 32).shape == (0, 32)


def test_rows_are_read_across_blocks_and_none_of_them_as_well(tmp_path):
    blocks = Blocks(tmp_path, Spec(profiles=BLOCK_ROWS + 2))
    whole = np.arange(2 * (BLOCK_ROWS + 2), dtype=np.float32).reshape(-1, 2)
    for block, part in enumerate((whole[:BLOCK_ROWS], whole[BLOCK_ROWS:])):
        blocks.path(VECTORS, block).parent.mkdir(exist_ok=True)
        blocks.write(VECTORS, block, part)
    wanted = np.array([0, BLOCK_ROWS - 1, BLOCK_ROWS])
    assert np.array_equal(blocks.rows_at(VECTORS, wanted), whole[wanted])
    nothing = blocks.rows_at(VECTORS, wanted[:0])
    assert (nothing.shape, nothing.dtype) == ((0, 2), np.float32)


def test_a_dimension_below_what_the_schema_needs_is_refused_with_the_remedy():
    needed = required_dim(SCHEMA)
    check_dim(SCHEMA, needed)
    with pytest.raises(
        SpecError, match=f"dim_vector={needed - 1} .* {needed} features .* use dim_vector={needed}"
    ):
        check_dim(SCHEMA, needed - 1)


def test_a_category_that_is_none_is_refused_with_its_name(profiles):
    wrong = plain(profiles.slice(0, 3))
    states = pa.array(["SP", "XX", "RJ"])
    wrong = wrong.set_column(wrong.schema.get_field_index("estado"), "estado", states)
    with pytest.raises(SpecError, match="estado=XX"):
        features(SCHEMA, wrong, 32)


def test_features_are_pinned():
    # Readers of `vetores` know a feature by its position: a change here breaks every model trained on them.
    assert SCHEMA.feature_names == (
        "idade",
        "cidade",
        "estado",
        "sexo",
        "interesses_musicais",
        "jogos_favoritos",
        "plataformas_possuidas",
        "estilos_preferidos",
        "disponibilidade",
        "interacao_desejada",
        "compartilhar_contato",
        "anos_experiencia",
        "objetivo_principal",
        "usa_microfone",
        "idiomas",
        "nivel_competitivo",
        "estilo_comunicacao",
        "descricao",
        "tanh(idade/anos_experiencia)",
    )
