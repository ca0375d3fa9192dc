"""The columns that every collection of pictures has: what a picture's first bytes tell, and its digest."""

from collections.abc import Mapping

DIGEST = "conteudo"
"""The column with the digest of a picture's bytes, 32 hexadecimal digits, which names its content."""

FACTS = {
    "formato": "text",
    "largura": "integer",
    "altura": "integer",
    "tamanho": "integer",
    "tirada_em": "timestamp(0)",
    DIGEST: "text",
}
"""Columns and their kinds: format, width and height of the upright picture, bytes, date in Exif, digest."""


def with_facts(columns: Mapping[str, str]) -> dict[str, str]:
    """Return columns with their kinds, and those that every collection of pictures has."""
    return {**columns, **FACTS}
