"""Names of users and e-mail addresses, each once."""

from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import Field, model_validator

from synthprof.base.column_kinds import Kind
from synthprof.base.errors import SpecError
from synthprof.schemas.draw_kinds.model import DrawModel
from synthprof.schemas.draw_kinds.patterns import Pattern, PatternText, Weight

if TYPE_CHECKING:
    from synthprof.schemas.schema import Column, Schema

_DOMAIN = r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+$"

_LOCAL = 64
"""Characters before the @ of an e-mail address (RFC 5321, section 4.5.3.1.1)."""


class UserName(DrawModel):
    """A name to sign in with, which no other row has: words of other columns in ASCII, then a suffix.

    The suffix is as long in all rows and comes once, so that no two names are the same, whatever stands
    before it. Words are written in small letters without accents; where nothing is left of them, the name
    begins with `otherwise`.

    >>> UserName(of=("first", "last")).told
    'first.last and {digit:9}, none twice'
    """

    draw: Literal["user_name"] = "user_name"
    of: Annotated[
        tuple[str, ...], Field(max_length=4, description="Columns with words to begin with, as a name.")
    ] = ()
    separator: Annotated[Literal["", ".", "_", "-"], Field(description="Stands between words.")] = "."
    otherwise: Annotated[
        str, Field(pattern=r"^[a-z][a-z0-9]{0,19}$", description="The word where there is none.")
    ] = "user"
    longest: Annotated[
        int, Field(ge=3, le=60, strict=True, description="Characters of the words; more are cut off.")
    ] = 24
    suffix: Annotated[
        PatternText, Field(description="A pattern that comes once; {digit:9} is enough for a billion rows.")
    ] = "{digit:9}"

    @property
    def kind(self) -> Kind:
        """A text."""
        return Kind("text")

    @property
    def given(self) -> tuple[str, ...]:
        """The columns with words."""
        return self.of

    def check(self, schema: "Schema", column: "Column") -> None:
        """Raise SpecError if a column of `of` holds no words."""
        for of in self.of:
            if (kind := schema.column(of).kind) not in ("category", "text"):
                raise SpecError(f"{column.name}: of names {of}, a column of {kind}; name one of texts")

    @property
    def suffixes(self) -> Pattern:
        """The draw of the suffix."""
        return Pattern(pattern=self.suffix, unique=True)

    @property
    def most_rows(self) -> int | None:
        """As many as there are suffixes."""
        return self.suffixes.most_rows

    @property
    def told(self) -> str:
        """The columns and the suffix."""
        return f"{self.separator.join(self.of) or self.otherwise} and {self.suffix}, none twice"

    @model_validator(mode="after")
    def _fits(self) -> Self:
        cells = self.suffixes.layouts[0].cells
        if not all("!" <= sign <= "~" for cell in cells for sign in cell):
            raise ValueError(f"suffix={self.suffix!r} holds a space or more than ASCII; leave it out")
        if self.longest + len(cells) > _LOCAL:
            raise ValueError(
                f"longest={self.longest} and a suffix of {len(cells)} are more than {_LOCAL} characters; "
                "lower longest"
            )
        return self


class Email(UserName):
    """An e-mail address that no other row has, by default in a domain that is reserved for examples.

    >>> Email(of=("name",)).told
    'name and {digit:9} at example.com, example.org, example.net, none twice'
    """

    draw: Literal["email"] = "email"  # type: ignore[assignment]
    domains: Annotated[
        dict[Annotated[str, Field(max_length=200, pattern=_DOMAIN)], Weight],
        Field(
            min_length=1, max_length=10_000, description="Domains with weights; example.com is RFC 2606's."
        ),
    ] = Field(default={"example.com": 2.0, "example.org": 1.0, "example.net": 1.0})

    @property
    def told(self) -> str:
        """The columns, the suffix and some of the domains."""
        some = ", ".join(list(self.domains)[:3]) + (", …" if len(self.domains) > 3 else "")
        return f"{self.separator.join(self.of) or self.otherwise} and {self.suffix} at {some}, none twice"


KINDS = (UserName, Email)
