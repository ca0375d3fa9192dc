"""Texts of queries: plain language about rows, sentences of texts in another order, and mixtures of texts."""

import re
from collections.abc import Sequence

import pyarrow as pa

from synthprof.base.streams import stream
from synthprof.delivery.workloads.queries_wishes import asked, language_of, misspelt, wishes_of
from synthprof.schemas.bundle import Bundle

MISSPELT = 0.3
"""Share of texts with a word that is spelt wrong."""

TOLD, EXAMPLES = 0.25, 0.1
"""Shares of texts that are sentences of a row's own text, and that begin with an example of the schema."""

MOST_CHANGED = 3
"""Words that differ between a near copy of a text and its origin at most."""

_SENTENCES = re.compile(r"(?<=[.!?…])\s+")


def plain_texts(bundle: Bundle, rows: pa.RecordBatch, seed: int) -> tuple[list[str], list[str]]:
    """Return a text in plain language about each row, and the same without anything but wishes.

    Most consist of one to four wishes in no order; some of a few sentences of the row's own text, others of
    an example of the schema and a wish. Some have a word that is spelt wrong.
    """
    count, view = rows.num_rows, bundle.view
    wishes: list[str] = asked(wishes_of(bundle, rows, seed), language_of(bundle), count, seed).to_pylist()
    draw = stream(seed, "workload.text", "kinds")
    kinds, seeds = draw.uniform(count), draw.uniform(count)
    told = rows.column(view.text).to_pylist() if view.text in rows.schema.names else [None] * count
    found = []
    for wish, own, kind, chance in zip(wishes, told, kinds.tolist(), seeds.tolist(), strict=True):
        if kind < TOLD and own:
            found.append(_reordered(own, chance))
        elif TOLD <= kind < TOLD + EXAMPLES and view.examples:
            found.append(f"{view.examples[int(chance * len(view.examples))]}, {wish}".rstrip(", "))
        else:
            found.append(wish)
    return misspelt(found, MISSPELT, seed), wishes


def texts_of_texts(texts: Sequence[str], others: Sequence[str], seed: int) -> list[str]:
    """Return a few words of two texts each, as somebody searches for them, some spelt wrong."""
    chances = stream(seed, "workload.text", "words").uniform(3 * len(texts)).reshape(-1, 3).tolist()
    found = [
        " ".join(_run(one, 2 + int(4 * size), here) + _run(other, int(4 * size), there))
        for one, other, (size, here, there) in zip(texts, others, chances, strict=True)
    ]
    return misspelt(found, MISSPELT, seed)


def changed_texts(texts: Sequence[str], others: Sequence[str], seed: int) -> list[str]:
    """Return each text with one to three of its words replaced by words of another text."""
    chances = stream(seed, "workload.near_copy", "words").uniform(7 * len(texts)).reshape(-1, 7).tolist()
    found = []
    for text, other, (size, *places) in zip(texts, others, chances, strict=True):
        words, new = text.split(), other.split()
        for number in range(min(1 + int(MOST_CHANGED * size), len(words)) if new else 0):
            at, of = places[2 * number : 2 * number + 2]
            words[int(at * len(words))] = new[int(of * len(new))]
        found.append(" ".join(words))
    return found


def mixed_texts(texts: Sequence[str], others: Sequence[str]) -> list[str]:
    """Return mixtures of two texts: every other sentence of each or, of single ones, half of the words."""
    return [_mixed(one, other) for one, other in zip(texts, others, strict=True)]


def _mixed(one: str, other: str) -> str:
    parts, more = _SENTENCES.split(one.strip()), _SENTENCES.split(other.strip())
    if min(len(parts), len(more)) > 1:
        return " ".join((*parts[::2], *more[1::2]))
    words, others = one.split(), other.split()
    return " ".join((*words[: -(-len(words) // 2)], *others[len(others) // 2 :]))


def _reordered(text: str, chance: float) -> str:
    """Return up to three sentences of a text in another order. chance: in [0, 1)."""
    sentences = _SENTENCES.split(text.strip())
    turned = int(chance * len(sentences))
    chosen = (*sentences[turned:], *sentences[:turned])[: 1 + int(chance * 997) % 3]
    return " ".join(reversed(chosen))


def _run(text: str, count: int, chance: float) -> list[str]:
    """Return so many words in a row of a text, or all. chance: where they begin, in [0, 1)."""
    words = text.split()
    first = int(chance * (max(0, len(words) - count) + 1))
    return words[first : first + count]
