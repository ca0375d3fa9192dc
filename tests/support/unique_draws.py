"""Draws of keys and of texts by patterns, one or more of each kind."""

from synthprof.schemas.draw_kinds.contacts import Phone, Plate, PostCode
from synthprof.schemas.draw_kinds.documents import Card, Cnpj, Cpf, Ean, Iban, Isbn
from synthprof.schemas.draw_kinds.keys import Reference, Sequence, UniqueInteger, Uuid
from synthprof.schemas.draw_kinds.patterns import Pattern

KEYS = [
    Sequence(start=7, step=3),
    Sequence(prefix="C-", suffix="/é", width=9),
    Sequence(prefix="C-"),
    Uuid(),
    Uuid(version=7),
    UniqueInteger(low=-5, high=10**9),
    Reference(table="p", rows=1_000),
    Reference(table="p", rows=10**9, skew=1.1, width=10),
]

PATTERNS = [
    Pattern(pattern="é{{{letter:2}-{digit:4}}}"),
    Pattern(pattern="{alnum:30}", unique=True),
    Pattern(pattern={"A{digit:6}": 3, "B-{hex:6}": 1}, unique=True),
    Pattern(pattern="{p}{digit:2}", parts={"p": {"values": {"x": 1, "y": 3}}}),
    *(Cpf(), Cnpj(), Cnpj(alphanumeric=True), Card(networks={"visa": 2, "amex": 1})),
    *(Iban(countries={"DE": 1, "GB": 1}), Ean(), Isbn(), Plate(), Phone(region="US"), PostCode(region="BR")),
]
