"""Embeddings of real texts that Debian's packages hold, to measure how hard real vectors are for an index.

    python benchmarks/real_embeddings.py --model FOLDER --wordnet FOLDER --gcide FOLDER --out FOLDER

Needs scipy, scikit-learn and tokenizers beside NumPy, in an environment of their own. The texts: glosses of
WordNet 3.0 (package wordnet-base), short descriptions of the packages of Debian 12 (apt-cache dumpavail),
entries of the Collaborative International Dictionary of English (package dict-gcide). Of each 20,000 by the
order of their BLAKE2b digests. The encoders: all-MiniLM-L6-v2 as it was published (here run by NumPy alone,
so that nothing heavy is installed); a static encoder made of it as model2vec does (each token embedded alone,
reduced to 256 principal components, weighted by its rank, averaged); and LSA, 128 components of TF-IDF. What
comes out is for measuring only.
"""

import argparse
import gzip
import hashlib
import json
import re
import struct
import subprocess
from pathlib import Path

import numpy as np

TEXTS = 20_000
HEADS, WIDTH = 12, 384
BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"


def main() -> None:
    """Write one array for each set of texts and encoder."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("model", "wordnet", "gcide", "out"):
        options.add_argument(f"--{name}", type=Path, required=True)
    given = options.parse_args()
    sets = {"wordnet": _wordnet(given.wordnet), "debian": _debian(), "gcide": _gcide(given.gcide)}
    texts = {name: _chosen(found) for name, found in sets.items()}
    model = MiniLM(given.model)
    static = Static(model)
    np.save(given.out / "gcide-lsa128.npy", _lsa(texts["gcide"], 128))
    for name, found in texts.items():
        np.save(given.out / f"{name}-static256.npy", static.encode(found))
    for name in ("wordnet", "debian"):
        np.save(given.out / f"{name}-minilm.npy", model.encode(texts[name]))


class MiniLM:
    """The sentence-transformers model in a folder."""

    def __init__(self, folder: Path) -> None:
        from tokenizers import Tokenizer

        self.tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.tokenizer.no_padding()
        self.tokenizer.enable_truncation(64)
        self.weights = _safetensors(folder / "model.safetensors")

    def encode(self, texts: list[str]) -> np.ndarray:
        """Return unit vectors, (n, 384); texts of one length go together."""
        ids = [each.ids for each in self.tokenizer.encode_batch(texts)]
        found, by_length = np.empty((len(texts), WIDTH), np.float32), {}
        for row, each in enumerate(ids):
            by_length.setdefault(len(each), []).append(row)
        for length, rows in by_length.items():
            step = max(1, 2_048 // length)
            for first in range(0, len(rows), step):
                some = rows[first : first + step]
                found[some] = self.forward(np.array([ids[row] for row in some]))
        return _unit(found)

    def forward(self, ids: np.ndarray) -> np.ndarray:
        """Return the mean of the last layer, (n, 384), of token ids, (n, length)."""
        from scipy.special import erf

        rows, length = ids.shape
        table = self.weights
        found = table["embeddings.word_embeddings.weight"][ids]
        found = found + table["embeddings.position_embeddings.weight"][:length]
        found = self._normed(
            found + table["embeddings.token_type_embeddings.weight"][0], "embeddings.LayerNorm"
        )
        for layer in range(6):
            name = f"encoder.layer.{layer}."
            query, key, value = (
                self._linear(found, f"{name}attention.self.{part}")
                .reshape(rows, length, HEADS, WIDTH // HEADS)
                .transpose(0, 2, 1, 3)
                for part in ("query", "key", "value")
            )
            scores = query @ key.transpose(0, 1, 3, 2) / np.float32((WIDTH // HEADS) ** 0.5)
            scores = np.exp(scores - scores.max(-1, keepdims=True))
            seen = (scores / scores.sum(-1, keepdims=True)) @ value
            seen = self._linear(
                seen.transpose(0, 2, 1, 3).reshape(rows, length, WIDTH), f"{name}attention.output.dense"
            )
            found = self._normed(seen + found, f"{name}attention.output.LayerNorm")
            inner = self._linear(found, f"{name}intermediate.dense")
            inner = inner * np.float32(0.5) * (1 + erf(inner * np.float32(2**-0.5)))
            found = self._normed(
                self._linear(inner, f"{name}output.dense") + found, f"{name}output.LayerNorm"
            )
        return found.mean(axis=1)

    def _linear(self, rows: np.ndarray, name: str) -> np.ndarray:
        return rows @ self.weights[f"{name}.weight"].T + self.weights[f"{name}.bias"]

    def _normed(self, rows: np.ndarray, name: str) -> np.ndarray:
        centred = rows - rows.mean(-1, keepdims=True)
        scaled = centred / np.sqrt(rows.var(-1, keepdims=True) + 1e-12)
        return scaled * self.weights[f"{name}.weight"] + self.weights[f"{name}.bias"]


class Static:
    """One vector for each token of a model, averaged over a text."""

    def __init__(self, model: MiniLM) -> None:
        from sklearn.decomposition import PCA

        self.tokenizer = model.tokenizer
        count = self.tokenizer.get_vocab_size()
        every = np.stack([np.full(count, 101), np.arange(count), np.full(count, 102)], axis=1)
        tokens = np.concatenate([model.forward(every[first : first + 512]) for first in range(0, count, 512)])
        odds = 1 / (np.arange(count) + 2.7)
        weights = 1e-4 / (1e-4 + odds / odds.sum())
        self.vectors = PCA(256, random_state=0).fit_transform(tokens) * weights[:, None]

    def encode(self, texts: list[str]) -> np.ndarray:
        """Return unit vectors, (n, 256)."""
        ids = (each.ids or [0] for each in self.tokenizer.encode_batch(texts, add_special_tokens=False))
        return _unit(np.stack([self.vectors[each].mean(axis=0) for each in ids]))


def _lsa(texts: list[str], dim: int) -> np.ndarray:
    from sklearn.decomposition import TruncatedSVD
    from sklearn.feature_extraction.text import TfidfVectorizer

    words = TfidfVectorizer(min_df=5, max_df=0.3, sublinear_tf=True, stop_words="english").fit_transform(
        texts
    )
    found = TruncatedSVD(dim, random_state=0, n_iter=4).fit_transform(words)
    return _unit(found[np.linalg.norm(found, axis=1) > 1e-6])


def _wordnet(folder: Path) -> list[str]:
    found = []
    for part in ("noun", "verb", "adj", "adv"):
        for line in (folder / f"data.{part}").read_text("latin-1").splitlines():
            if not line.startswith("  "):
                head, _, gloss = line.partition("|")
                meaning = gloss.strip().split('; "')[0]
                found.append(f"{head.split()[4].replace('_', ' ')}: {meaning}")
    return found


def _debian() -> list[str]:
    listed = subprocess.run(["apt-cache", "dumpavail"], capture_output=True, text=True, check=True).stdout
    found = []
    for block in listed.split("\n\n"):
        name, text = (re.search(rf"^{field}: (.*)$", block, re.M) for field in ("Package", "Description"))
        if name and text and not name[1].endswith("-dbgsym"):
            found.append(text[1])
    return found


def _gcide(folder: Path) -> list[str]:
    data, found, seen = gzip.decompress((folder / "gcide.dict.dz").read_bytes()), [], set()
    for line in (folder / "gcide.index").read_text("utf-8", errors="replace").splitlines():
        word, *places = line.split("\t")
        first, size = (
            sum(BASE64.index(each) * 64**at for at, each in enumerate(reversed(place))) for place in places
        )
        if word.startswith("00") or first in seen:
            continue
        seen.add(first)
        text = re.sub(r"\[[^\]]*\]|\\[^\\]*\\", " ", data[first : first + size].decode("utf-8", "replace"))
        text = " ".join(text.split())
        if len(text) > 80:
            found.append(text[:600])
    return found


def _chosen(texts: list[str]) -> list[str]:
    return sorted(set(texts), key=lambda text: hashlib.blake2b(text.encode()).digest())[:TEXTS]


def _unit(rows: np.ndarray) -> np.ndarray:
    return (rows / (np.linalg.norm(rows, axis=1, keepdims=True) + 1e-9)).astype(np.float32)


def _safetensors(path: Path) -> dict[str, np.ndarray]:
    data = path.read_bytes()
    size = struct.unpack("<Q", data[:8])[0]
    kinds, found = {"F32": "<f4", "I64": "<i8"}, {}
    for name, each in json.loads(data[8 : 8 + size]).items():
        if name != "__metadata__":
            first, last = (8 + size + at for at in each["data_offsets"])
            found[name] = np.frombuffer(data[first:last], kinds[each["dtype"]]).reshape(each["shape"])
    return found


if __name__ == "__main__":
    main()
