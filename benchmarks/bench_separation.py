"""The distance of the archetypes of gamer_br over the dial `separation`: scores of clusters and neighbours.

Usage: python benchmarks/bench_separation.py > benchmarks/results/bench_separation.txt
16,384 rows, embeddings of 128 by `catalogue`, 128 clusters. `linear` has the dial itself as the weight of an
archetype's odds, `root` what profiles/separation.py gives.
"""

from collections.abc import Callable

import numpy as np
from sklearn.metrics import adjusted_mutual_info_score, adjusted_rand_score

from synthprof.encoders.catalogue.encoder import CatalogueEncoder
from synthprof.encoders.catalogue.vocabulary import vocabulary_of
from synthprof.profiles import drawing, tables
from synthprof.profiles.drawing import generate
from synthprof.profiles.separation import weight_of
from synthprof.schemas.loader import load_bundle
from synthprof.schemas.tables import with_tables
from synthprof.similarity.kmeans import train
from synthprof.similarity.nearest_centroid import assign
from synthprof.similarity.scores import agreement

DIAL = (0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)

NEAREST = 10

HEAD = "form       dial  purity  chance  homogeneity  merged ARI   ARI    AMI  ten nearest"


def main() -> None:
    """Print a line for each form and each place of the dial."""
    bundle = load_bundle("gamer_br")
    schema, encoder = with_tables(bundle.schema, "none"), CatalogueEncoder(128, vocabulary_of(bundle))
    forms: dict[str, Callable[[float], float]] = {"linear": float, "root": weight_of}
    print(HEAD)
    for name, weight in forms.items():
        tables.weight_of = drawing.weight_of = weight
        for dial in DIAL:
            tables.tables_of.cache_clear()
            made = generate(schema, 7, "pt_BR", dial, 0)
            vectors, of = encoder.encode(made.profiles), made.archetypes
            labels, _ = assign(vectors, train(vectors, 128, 12).centroids)
            found = agreement(labels, of)
            near = vectors[:1_000] @ vectors.T
            near[np.arange(1_000), np.arange(1_000)] = -1
            ten = np.argpartition(-near, NEAREST, axis=1)[:, :NEAREST]
            alike = float((of[ten] == of[:1_000, None]).mean())
            mutual, rand = adjusted_mutual_info_score(of, labels), adjusted_rand_score(of, labels)
            scores = f"{found['purity']:6.3f}  {found['purity_by_chance']:6.3f}  {found['homogeneity']:11.3f}"
            more = f"{found['merged_rand_index']:10.3f}  {rand:.3f}  {mutual:.3f}  {alike:11.3f}"
            print(f"{name:10} {dial:4.1f}  {scores}  {more}", flush=True)


if __name__ == "__main__":
    main()
