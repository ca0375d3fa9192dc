"""Check digits, columns at a time, by the standards of each kind."""

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

Column = npt.NDArray[np.uint8]
"""The characters of one place, (n,) uint8."""

Sums = npt.NDArray[np.uint32]

_NIF = np.frombuffer(b"TRWAGMYFPDXBNJZSQVHLCKE", dtype=np.uint8)

_DAMM = np.array([
    *(0, 3, 1, 7, 5, 9, 8, 6, 4, 2), *(7, 0, 9, 2, 1, 5, 4, 8, 6, 3), *(4, 2, 0, 6, 8, 7, 1, 3, 5, 9),
    *(1, 7, 5, 0, 9, 8, 3, 4, 2, 6), *(6, 1, 2, 3, 0, 4, 5, 9, 7, 8), *(3, 6, 7, 4, 2, 0, 9, 5, 8, 1),
    *(5, 8, 6, 9, 7, 2, 0, 1, 3, 4), *(8, 9, 4, 5, 3, 6, 2, 0, 1, 7), *(9, 4, 3, 8, 6, 1, 7, 2, 0, 5),
    *(2, 5, 8, 1, 4, 3, 6, 7, 9, 0),
], dtype=np.uint8)  # fmt: skip
"""The quasigroup of H. M. Damm, "Total anti-symmetrische Quasigruppen", Marburg 2004, row by row."""


def luhn(columns: Sequence[Column]) -> list[Column]:
    """ISO/IEC 7812-1, annex B: every second digit from the right is doubled, its digits added."""
    doubled = np.array([0, 2, 4, 6, 8, 1, 3, 5, 7, 9], dtype=np.uint8)
    total = np.zeros(len(columns[0]), np.uint32)
    for number, digit in enumerate(_digits(columns[::-1])):
        total += doubled.take(digit) if number % 2 == 0 else digit
    return [_character((10 - total % 10) % 10)]


def ean(columns: Sequence[Column]) -> list[Column]:
    """GS1 General Specifications, 7.9: weights 3 and 1 from the right."""
    total = _weighted(_digits(columns[::-1]), (3, 1) * len(columns))
    return [_character((10 - total % 10) % 10)]


def isbn10(columns: Sequence[Column]) -> list[Column]:
    """ISO 2108:1992: weights 10 to 2, modulo 11, X for 10."""
    return [_or_x((11 - _weighted(_digits(columns), range(10, 1, -1)) % 11) % 11)]


def cpf(columns: Sequence[Column]) -> list[Column]:
    """Receita Federal: weights 10 to 2, then 11 to 2, modulo 11."""
    first = _brazilian(_weighted(_digits(columns), range(10, 1, -1)))
    return [first, _brazilian(_weighted(_digits([*columns, first]), range(11, 1, -1)))]


def cnpj(columns: Sequence[Column]) -> list[Column]:
    """Instrução Normativa RFB 2.229/2024: a character counts as its ASCII code less 48."""
    weights = (6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2)
    first = _brazilian(_weighted(_digits(columns), weights[1:]))
    return [first, _brazilian(_weighted(_digits([*columns, first]), weights))]


def mod97(columns: Sequence[Column]) -> list[Column]:
    """ISO/IEC 7064, MOD 97-10: letters count as 10 to 35."""
    return _two(98 - _modulo97(columns) * 100 % 97)


def rest97(columns: Sequence[Column]) -> list[Column]:
    """Belgian accounts: the number modulo 97, 97 for 0."""
    rest = _modulo97(columns)
    return _two(np.where(rest == 0, np.uint32(97), rest))


def rib(columns: Sequence[Column]) -> list[Column]:
    """French accounts (clé RIB): 97 less the number, with two zeros after it, modulo 97."""
    return _two(97 - _modulo97(columns) * 100 % 97)


def mod11_2(columns: Sequence[Column]) -> list[Column]:
    """ISO/IEC 7064, MOD 11-2, as in ORCID and ISNI: X for 10."""
    rest = np.zeros(len(columns[0]), np.uint32)
    for digit in _digits(columns):
        rest = (rest + digit) * 2 % 11
    return [_or_x((12 - rest) % 11)]


def mod11_10(columns: Sequence[Column]) -> list[Column]:
    """ISO/IEC 7064, MOD 11,10, as in German tax numbers."""
    rest = np.full(len(columns[0]), 10, np.uint32)
    for digit in _digits(columns):
        total = (rest + digit) % 10
        rest = np.where(total == 0, np.uint32(10), total) * 2 % 11
    return [_character((11 - rest) % 10)]


def verhoeff(columns: Sequence[Column]) -> list[Column]:
    """J. Verhoeff, "Error Detecting Decimal Codes", 1969: the dihedral group of order 10."""
    moved = np.array([1, 5, 7, 6, 2, 8, 3, 0, 9, 4], dtype=np.uint8)
    moves = np.arange(10, dtype=np.uint8)
    rest = np.zeros(len(columns[0]), np.uint32)
    for digit in _digits(columns[::-1]):
        moves = moved.take(moves)
        rest = _dihedral(rest, moves.take(digit).astype(np.uint32))
    return [_character(np.where((rest > 0) & (rest < 5), 5 - rest, rest))]


def damm(columns: Sequence[Column]) -> list[Column]:
    """H. M. Damm's quasigroup."""
    rest = np.zeros(len(columns[0]), np.uint32)
    for digit in _digits(columns):
        rest = _DAMM.take(rest * 10 + digit).astype(np.uint32)
    return [_character(rest)]


def nif(columns: Sequence[Column]) -> list[Column]:
    """Real Decreto 1553/2005, article 11: the number modulo 23 names a letter."""
    rest = np.zeros(len(columns[0]), np.uint32)
    for digit in _digits(columns):
        rest = (rest * 10 + digit) % 23
    return [_NIF.take(rest)]


BY_NAME: dict[str, Callable[[Sequence[Column]], list[Column]]] = {
    "luhn": luhn,
    "ean": ean,
    "isbn10": isbn10,
    "cpf": cpf,
    "cnpj": cnpj,
    "iban": mod97,
    "mod97": mod97,
    "rest97": rest97,
    "rib": rib,
    "mod11_2": mod11_2,
    "mod11_10": mod11_10,
    "verhoeff": verhoeff,
    "damm": damm,
    "nif": nif,
}
"""The checks by name; each takes the characters it covers, and returns its own."""


def _digits(columns: Sequence[Column]) -> list[Column]:
    return [column - np.uint8(ord("0")) for column in columns]


def _weighted(digits: Sequence[Column], weights: Sequence[int]) -> Sums:
    total = np.zeros(len(digits[0]), np.uint16)
    for digit, weight in zip(digits, weights, strict=False):
        total += digit.astype(np.uint16) * np.uint16(weight)
    return total.astype(np.uint32)


def _modulo97(columns: Sequence[Column]) -> Sums:
    """Return numbers modulo 97, (n,); letters count as 10 to 35."""
    rest, most = np.zeros(len(columns[0]), np.uint32), 0
    for column in columns:
        if most >= 2**32 // 100 - 1:  # 32 bits would not hold two more digits
            rest, most = rest % np.uint32(97), 96
        letters = column >= ord("A")
        if letters.any():
            rest *= np.where(letters, np.uint32(100), np.uint32(10))
            rest += np.where(letters, column - np.uint8(ord("A") - 10), column - np.uint8(ord("0")))
            most = most * 100 + 35
        else:
            rest *= np.uint32(10)
            rest += column - np.uint8(ord("0"))
            most = most * 10 + 9
    return rest % np.uint32(97)


def _two(number: Sums) -> list[Column]:
    tens = number // np.uint32(10)
    return [_character(tens), _character(number - tens * np.uint32(10))]


def _character(digit: Sums) -> Column:
    return digit.astype(np.uint8) + np.uint8(ord("0"))


def _or_x(digit: Sums) -> Column:
    return np.where(digit == 10, np.uint8(ord("X")), _character(digit))


def _brazilian(total: Sums) -> Column:
    rest = total % np.uint32(11)
    return _character(np.where(rest < 2, np.uint32(0), 11 - rest))


def _dihedral(one: Sums, two: Sums) -> Sums:
    """Return products in the dihedral group: 0 to 4 are turns, 5 to 9 mirror images."""
    turned = one < 5
    inner = np.where(turned, one + two, one + 10 - two) % 5
    mirrored = turned == (two >= 5)
    return inner + np.where(mirrored, np.uint32(5), np.uint32(0))
