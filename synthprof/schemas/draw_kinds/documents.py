"""Numbers of documents, accounts, cards and goods with their check digits."""

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from synthprof.schemas.draw_kinds.patterns import PartValues, Patterned, Weight
from synthprof.schemas.draw_kinds.regions import CARDS, CPF_REGIONS, IBAN, STATES_BR, by_state

Unique = Annotated[bool, Field(description="No two rows have the same number.")]
Formatted = Annotated[bool, Field(description="With the points and strokes that people write.")]


class Cpf(Patterned):
    """A Brazilian taxpayer's number, 123.456.789-09; those of one digit alone, which are void, are left out.

    >>> Cpf().most_rows
    999999990
    """

    draw: Literal["cpf"] = "cpf"
    unique: Unique = True
    formatted: Formatted = True
    state: Annotated[
        str | None,
        Field(description="A column with the state, as SP or São Paulo, which the 9th digit says."),
    ] = None

    @property
    def patterns(self) -> Mapping[str, float]:
        """One pattern."""
        nine = "{mixed:###.###.##}{region}" if self.state else "{mixed:###.###.###}"
        text = nine + "-{check:cpf}"
        return {text if self.formatted else text.replace(".", "").replace("-", ""): 1.0}

    @property
    def part_values(self) -> Mapping[str, PartValues]:
        """The digit of the region."""
        if self.state is None:
            return {}
        return {"region": PartValues(given=self.state, by=by_state(CPF_REGIONS, STATES_BR))}


class Cnpj(Patterned):
    """The number of a Brazilian company's head office, 12.345.678/0001-95; from July 2026 also with letters.

    >>> Cnpj().most_rows
    100000000
    """

    draw: Literal["cnpj"] = "cnpj"
    unique: Unique = True
    formatted: Formatted = True
    alphanumeric: Annotated[
        bool, Field(description="Digits and letters, as are given out from July 2026 (IN RFB 2.229/2024).")
    ] = False

    @property
    def patterns(self) -> Mapping[str, float]:
        """One pattern."""
        each = "alnum" if self.alphanumeric else "digit"
        two, three = f"{{{each}:2}}", f"{{{each}:3}}"
        text = f"{two}.{three}.{three}/0001-{{check:cnpj}}"
        return {text if self.formatted else f"{two}{three}{three}0001{{check:cnpj}}": 1.0}


class Card(Patterned):
    """The number of a payment card by Luhn's check; by default one that no bank can have given out.

    >>> Card().told
    '9999{digit:11}{check:luhn}, none twice'
    """

    draw: Literal["card"] = "card"
    unique: Unique = True
    networks: Annotated[
        dict[Literal["fictional", "visa", "mastercard", "amex", "discover", "diners", "jcb"], Weight],
        Field(min_length=1, description="The networks with their weights."),
    ] = Field(default={"fictional": 1.0})

    @property
    def patterns(self) -> Mapping[str, float]:
        """A pattern for each network."""
        return {CARDS[network]: weight for network, weight in self.networks.items()}


class Iban(Patterned):
    """An account's number, with its check digits; banks and accounts are invented, and need not exist.

    >>> Iban(countries={"DE": 1}).told
    'DE{check:iban}{digit:18}, none twice'
    """

    draw: Literal["iban"] = "iban"
    unique: Unique = True
    countries: Annotated[
        dict[str, Weight], Field(min_length=1, description="The countries, as DE, with their weights.")
    ] = Field(default={"DE": 1.0})

    @property
    def patterns(self) -> Mapping[str, float]:
        """A pattern for each country."""
        return {
            f"{name}{{check:iban}}{IBAN.get(name, '')}": weight for name, weight in self.countries.items()
        }

    @model_validator(mode="before")
    @classmethod
    def _known(cls, given: object) -> object:
        countries = given.get("countries") if isinstance(given, dict) else None
        for name in countries if isinstance(countries, dict) else ():
            if name not in IBAN:
                raise ValueError(f"countries has {name!r}; those that can be drawn are {', '.join(IBAN)}")
        return given


class Ean(Patterned):
    """The number of an article, EAN-13 or EAN-8 (GTIN), by default with GS1's prefix for examples.

    >>> Ean().told
    '952{digit:9}{check:ean}, none twice'
    """

    draw: Literal["ean"] = "ean"
    unique: Unique = True
    digits: Annotated[Literal[8, 12, 13, 14], Field(description="The digits, with the check.")] = 13
    prefix: Annotated[
        str,
        Field(pattern=r"^[0-9]{0,11}$", description="The first digits; 952 is for examples (GS1 prefixes)."),
    ] = "952"

    @property
    def patterns(self) -> Mapping[str, float]:
        """One pattern."""
        free = self.digits - 1 - len(self.prefix)
        return {f"{self.prefix}{f'{{digit:{free}}}' if free > 0 else ''}{{check:ean}}": 1.0}

    @model_validator(mode="after")
    def _room(self) -> Self:
        if len(self.prefix) >= self.digits - 1:
            raise ValueError(f"prefix={self.prefix!r} leaves no digit of {self.digits}; shorten it")
        return self


class Isbn(Patterned):
    """The number of a book, ISBN-13, without hyphens, as their places depend on the publisher.

    >>> Isbn(prefix="97865").told
    '97865{digit:7}{check:ean}, none twice'
    """

    draw: Literal["isbn"] = "isbn"
    unique: Unique = True
    prefix: Annotated[
        str,
        Field(pattern=r"^97[89][0-9]{0,8}$", description="978 or 979 and, if wanted, group and publisher."),
    ] = "978"

    @property
    def patterns(self) -> Mapping[str, float]:
        """One pattern."""
        return {f"{self.prefix}{{digit:{12 - len(self.prefix)}}}{{check:ean}}": 1.0}


KINDS = (Cpf, Cnpj, Card, Iban, Ean, Isbn)
