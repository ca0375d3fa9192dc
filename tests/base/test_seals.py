"""Documents that carry their digest: no byte of them can change unnoticed."""

import pytest

from synthprof.base.seals import Sealed


class Note(Sealed):
    """A document of a test."""

    name: str
    value: float
    inner: "Note | None" = None


NOTE = Note(name="inércia", value=1e-05, inner=Note(name="a", value=2.0))


def test_a_document_is_read_as_it_was_written() -> None:
    text = NOTE.sealed().text().encode()
    assert Note.opened(text).value == NOTE.value
    assert Note.opened(text).text().encode() == text


def test_every_flipped_bit_of_a_document_is_found() -> None:
    content = NOTE.sealed().text().encode()
    for place in range(len(content)):
        for bit in range(8):
            flipped = bytearray(content)
            flipped[place] ^= 1 << bit
            with pytest.raises(ValueError):
                Note.opened(bytes(flipped))


def test_a_part_of_a_document_stands_without_its_own_seal() -> None:
    """The receipts in the manifests of all releases have none, and their bytes may not change."""
    assert NOTE.sealed().text().count('"seal"') == 1
