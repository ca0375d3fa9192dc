"""Measure how many true neighbours a FAISS index of your own finds, and whether clusters meet the archetypes.

    python examples/recall_of_an_index.py [PROFILES]

The embeddings have structure, and the hidden archetype of each profile is known: so a search engine can be
measured on data of any size, with the same bytes on every machine.
"""

import sys

import faiss
import numpy as np

import synthprof


def main(profiles: int = 20_000) -> None:
    """Make the data set, build an HNSW graph over its embeddings and compare it with exact search."""
    v = synthprof.run("bench", profiles=profiles, dim_embedding=64, save_index=False)
    embeddings = v.embeddings()
    queries = embeddings[:: max(1, len(embeddings) // 200)]

    exact = faiss.IndexFlatIP(embeddings.shape[1])
    exact.add(embeddings)
    graph = faiss.IndexHNSWFlat(embeddings.shape[1], 16, faiss.METRIC_INNER_PRODUCT)
    graph.add(embeddings)
    true, found = (index.search(queries, 10)[1] for index in (exact, graph))
    recall = np.mean([len(set(a) & set(b)) / 10 for a, b in zip(true, found, strict=True)])
    print(f"Recall@10 of HNSW over {v.rows:,} embeddings: {recall:.3f}")

    labels, clusters = v.labels(), v.clusters()
    purity = sum(np.bincount(labels[clusters == each]).max() for each in np.unique(clusters)) / v.rows
    print(f"{clusters.max() + 1} clusters; {purity:.0%} of the profiles are in one of their own archetype")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
