"""The attributes of a result that a text asks for."""

from collections.abc import Iterator, Mapping
from typing import Any

from synthprof.base.values import as_text
from synthprof.encoders.catalogue.meanings import Meaning, meanings_of
from synthprof.encoders.reading.bounds import SIGNS, meets
from synthprof.encoders.reading.reading import APART, CLOSE, Reading, Test
from synthprof.schemas.bundle import Bundle
from synthprof.schemas.languages import folded


class Reasons:
    """The wishes of a search, by which the attributes that agree are found in its results."""

    def __init__(self, bundle: Bundle, reading: Reading) -> None:
        self._meanings = meanings_of(bundle)
        self._columns = bundle.schema.by_name
        self._sets = {group.name: group for group in bundle.texts.groups}
        self._reading = reading

    def of(self, profile: Mapping[str, Any]) -> tuple[Meaning, ...]:
        """Return the attributes of a profile that the text asks for, each once, with its values."""
        return tuple(dict.fromkeys(self._agreeing(profile)))

    def _agreeing(self, profile: Mapping[str, Any]) -> Iterator[Meaning]:
        for token in self._reading.attributes:
            yield from self._meanings.agreeing(Meaning(*token), profile)
        for test in self._reading.tests():
            if test.column in self._sets:
                yield from self._member(test, profile)
                continue
            value = profile.get(test.column)
            if value is not None and self._is_met(test, value):
                yield Meaning(test.column, as_text(value))

    def _member(self, test: Test, profile: Mapping[str, Any]) -> Iterator[Meaning]:
        """Yield the values by which a profile is in a set."""
        group = self._sets[test.column]
        values = tuple(as_text(profile.get(column)) for column in group.columns)
        if (test.value, values) in group.members:
            yield from map(Meaning, group.columns, values)

    def _is_met(self, test: Test, value: Any) -> bool:  # noqa: ANN401
        """Return whether a value is within a bound, or is a name that was asked for."""
        if test.sign in SIGNS:
            return meets(self._columns[test.column].kind, value, test)
        return test.sign in (APART, CLOSE) and set(test.value.split()) <= set(folded(as_text(value)).split())
