"""Values of a Faker provider: a vocabulary made once, when the schema is read."""

import hashlib
import json
import re
from collections import Counter
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import Field, StrictBool, StrictFloat, StrictInt, StrictStr, model_validator

from synthprof.base.column_kinds import Kind, KindName
from synthprof.base.errors import SpecError
from synthprof.schemas.draw_kinds.model import DrawModel, Files

if TYPE_CHECKING:
    from faker import Generator

Word = StrictBool | StrictInt | StrictFloat | StrictStr
Argument = (
    StrictBool
    | Annotated[int, Field(ge=-(10**6), le=10**6, strict=True)]
    | Annotated[float, Field(ge=-(10**6), le=10**6, allow_inf_nan=False, strict=True)]
    | Annotated[str, Field(max_length=1_000)]
)
ArgumentName = Annotated[str, Field(pattern=r"^[a-z_]\w{0,59}$")]

LONGEST, MOST = 1_000, 4_000_000
"""Characters of one value, and of all of a vocabulary."""

CLOCKED = ("date_time", "ssn", "passport", "profile")
"""Providers of Faker that read the clock, or draw from a generator that is not theirs."""

_ALSO = ("uuid1", "uuid7", "credit_card_expire", "credit_card_full")
"""Methods of others that read the clock."""

_FEW = {"date_time": ("timezone", "century", "pytimezone")}
"""Methods that do not, though their provider does."""


class FakerWords(DrawModel):
    """A value of a Faker provider, drawn from `size` calls of it that were made once.

    The calls follow a seed that depends on provider, locale and arguments alone, so that all data sets share
    the words. As Faker's lists change with its releases, the words themselves are part of a schema once it is
    read, and of every version made by it. A value that came up twice is drawn twice as often.

    >>> FakerWords(provider="job", locale="de_DE").told
    'Faker: job in de_DE, of 1,000 calls'
    """

    draw: Literal["faker"] = "faker"
    provider: Annotated[
        str, Field(pattern=r"^[a-z][a-z0-9_]{0,59}$", description="A method of Faker, as job or company.")
    ]
    locale: Annotated[
        str, Field(pattern=r"^[a-z]{2,3}(_[A-Z]{2})?$", description="One of Faker's locales, as de_DE.")
    ] = "en_US"
    size: Annotated[
        int, Field(ge=1, le=20_000, strict=True, description="Calls of the provider, one value each.")
    ] = 1_000
    arguments: Annotated[
        dict[ArgumentName, Argument | Annotated[list[Argument], Field(max_length=1_000)]],
        Field(max_length=20, description="Arguments of the provider, as { nb_words = 3 }."),
    ] = Field(default={})
    words: Annotated[
        tuple[Word, ...], Field(max_length=20_000, description="The values, made when the schema is read.")
    ] = ()
    weights: Annotated[
        tuple[Annotated[int, Field(ge=1)], ...], Field(description="How often each value came up.")
    ] = ()
    release: Annotated[str, Field(max_length=40, description="The release of Faker that made them.")] = ""

    @property
    def kind(self) -> Kind:
        """That of the values: text, integer, float or bool."""
        kinds: dict[type, KindName] = {bool: "bool", int: "integer", float: "float"}
        return Kind(kinds.get(type(self.words[0]), "text") if self.words else "text")

    @property
    def told(self) -> str:
        """The provider and the locale."""
        return f"Faker: {self.provider} in {self.locale}, of {self.size:,} calls"

    def with_files(self, _files: Files) -> Self:
        """Return the draw with its words. Raises SpecError where the provider gives none that can be kept."""
        return self.with_words()

    def with_words(self) -> Self:
        """Return the draw with its words, which stay as they are where there are some."""
        if self.words:
            return self
        import faker

        words = self._made()
        if words != self._made():
            self._refuse("does not follow its seed", "its values would differ from run to run")
        counts = Counter(words)
        found = {"words": tuple(counts), "weights": tuple(counts.values()), "release": faker.VERSION}
        return self.model_copy(update=found)

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if len(self.words) != len(self.weights) or len({type(word) for word in self.words}) > 1:
            raise ValueError("words and weights do not belong together; leave both out to make them anew")
        return self

    def _made(self) -> list[Word]:
        """Return the values of `size` calls, in their order."""
        generator = self._generator()
        words: list[Word] = []
        length = 0
        for _ in range(self.size):
            words.append(self._called(generator))
            length += len(str(words[-1]))
            if length > MOST:
                self._refuse(f"gives more than {MOST:,} characters", "lower size")
        if len(kinds := {type(word).__name__ for word in words}) > 1:
            self._refuse(f"gives values of several types ({', '.join(sorted(kinds))})", "choose another")
        return words

    def _generator(self) -> "Generator":
        """Return a generator of Faker with a seed of its own, whose methods that read the clock refuse."""
        from faker import Factory
        from faker.config import AVAILABLE_LOCALES

        if self.locale not in AVAILABLE_LOCALES:
            near = [name for name in sorted(AVAILABLE_LOCALES) if name[:2] == self.locale[:2]]
            raise SpecError(
                f"locale={self.locale!r} is none of Faker's; {'near it: ' if near else 'there are '}"
                f"{', '.join(near or sorted(AVAILABLE_LOCALES))}"
            )
        generator = Factory.create(self.locale)
        known = _methods(generator)
        if self.provider not in known:
            near = [name for name in known if self.provider in name]
            raise SpecError(
                f"Faker has no provider {self.provider!r} for {self.locale}; "
                + (f"near it: {', '.join(near[:8])}" if near else "its documentation lists them")
            )
        for name, place in known.items():
            if name in _ALSO or (place in CLOCKED and name not in _FEW.get(place, ())):
                generator.set_formatter(name, self._clocked)
        name = json.dumps([self.provider, self.locale, self.arguments], sort_keys=True, ensure_ascii=False)
        generator.seed_instance(
            int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "little")
        )
        return generator

    def _called(self, generator: "Generator") -> Word:
        try:
            found = getattr(generator, self.provider)(**self.arguments)
        except SpecError:
            raise
        except Exception as error:
            said = " ".join(str(error).split())[:200]
            raise SpecError(
                f"Faker's {self.provider} fails for {self.locale} ({type(error).__name__}: {said}); correct "
                "its arguments"
            ) from error
        if isinstance(found, Decimal):
            found = float(found)
        if not isinstance(found, bool | int | float | str) or type(found).__module__ != "builtins":
            self._refuse(
                f"gives {type(found).__name__}", "choose one that gives a text, a number or true and false"
            )
        if len(str(found)) > LONGEST:
            self._refuse(
                f"gives more than {LONGEST:,} characters in a value", "shorten them by its arguments"
            )
        return found  # type: ignore[no-any-return]

    def _clocked(self, *_: object, **__: object) -> Any:  # noqa: ANN401
        self._refuse(
            "reads the clock, or draws without its seed",
            'use a draw of dates, or draw = "pattern" for numbers of documents',
        )

    def _refuse(self, fact: str, remedy: str) -> None:
        raise SpecError(f"Faker's {self.provider} {fact}; {remedy}")


def _methods(generator: "Generator") -> dict[str, str]:
    """Return the methods of all providers, and of each the provider where it is written, as date_time."""
    found: dict[str, str] = {}
    for provider in generator.get_providers():
        for name in dir(provider):
            method = None if name.startswith("_") else getattr(provider, name, None)
            if callable(method) and isinstance(module := getattr(method, "__module__", None), str):
                found[name] = re.sub(r"^faker\.providers\.?", "", module).split(".")[0]
    return found


KINDS = (FakerWords,)
