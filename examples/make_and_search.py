"""Make a data set, look at it as a data frame, and search it by text and by example.

    python examples/make_and_search.py [PROFILES]

The second call makes nothing: the same parameters give the same version, which is there already.
"""

import sys

import synthprof


def main(profiles: int = 10_000) -> None:
    """Make the data set and print what a program can ask it."""
    v = synthprof.run("gamers", profiles=profiles, seed=7)
    print(v, "in", v.folder)

    frame = v.to_pandas(where="estado=SP", columns=["id", "nome", "idade", "cidade", "cluster_id"])
    print(frame.head(), frame.groupby("cidade").size().nlargest(3), sep="\n\n")

    for hit in v.search("joga RPG de madrugada no PC", k=5, where="idade>=30"):
        print(f"{hit.similarity:.3f} {hit.profile['nome']}: {'; '.join(map(str, hit.reasons))}")

    like_the_first = v.similar(1, k=3)
    print(like_the_first.table().select(["rank", "similarity", "id", "nome"]).to_pylist())


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
