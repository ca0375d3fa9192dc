"""Make texts of your own searchable: here a few notes in a folder, one file each.

    python examples/search_own_texts.py [FOLDER]

`source` may be an SQLite or Parquet file, too; `columns` keeps further columns, to search under conditions.
"""

import sys
import tempfile
from pathlib import Path

import synthprof

NOTES = {
    "torneio.txt": "Torneio de xadrez no sábado à tarde, inscrições abertas.",
    "raid.txt": "Raid de RPG de madrugada no PC, precisamos de um healer.",
    "corrida.txt": "Campeonato de corrida no console, noite de quinta.",
    "cozinha.txt": "Procuro gente para jogar Stardew Valley com calma, de manhã.",
}


def main(folder: str | None = None) -> None:
    """Embed the texts of a folder, or of the notes above, and search them."""
    with tempfile.TemporaryDirectory() as ours:
        if folder is None:
            for name, text in NOTES.items():
                (Path(ours) / name).write_text(text, encoding="utf-8")
        v = synthprof.run("notes", source=folder or ours, clusters=1)
    print(v)
    for hit in v.search("RPG de madrugada", k=2):
        print(f"{hit.similarity:.3f} {hit.profile['chave']}: {hit.profile['descricao']}")


if __name__ == "__main__":
    main(*sys.argv[1:])
