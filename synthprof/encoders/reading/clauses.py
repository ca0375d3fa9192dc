"""The conditions that the wishes of a search state."""

import itertools
from collections.abc import Iterable, Mapping, Sequence

from synthprof.encoders.catalogue.vocabulary import Vocabulary
from synthprof.encoders.reading.reading import Clause, Test, Ways
from synthprof.encoders.reading.scope import Item
from synthprof.schemas.schema import FLAG_VALUES, TRUTH_VALUES
from synthprof.schemas.spans import MEASURED
from synthprof.schemas.texts import Tokens

_SIGNS = (">=", "<=", ">", "<")


class Clauses:
    """Conditions from wishes: values that exclude each other are alternatives, others must all hold."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._places = vocabulary.places
        self._lists = {name for name, each in vocabulary.columns.items() if each.kind == "list"}
        self._lists |= set(vocabulary.attribute_values())
        self._measured = {name for name, each in vocabulary.columns.items() if each.kind in MEASURED}
        kinds = {"flag": FLAG_VALUES, "bool": TRUTH_VALUES}
        self._truths = {
            name: kinds[each.kind] for name, each in vocabulary.columns.items() if each.kind in kinds
        }
        self._sets = {group.name: group for group in vocabulary.texts.groups}
        self._known: dict[str, str] = {}
        self._states: dict[str, tuple[str, ...]] = {}
        for city, state in vocabulary.places.cities:
            self._states[city] = (*self._states.get(city, ()), state)
        pair = (self._places.city, self._places.state)
        for group in vocabulary.texts.groups:
            for _, keys in group.members if set(pair) <= set(group.columns) else ():
                town, state = (keys[group.columns.index(name)] for name in pair)
                self._known[town] = state

    def of(self, wishes: Sequence[Item]) -> list[Clause]:
        """Return the conditions of wishes, in the order of the text."""
        home = {self._places.city, self._places.state} - {""}
        found: list[Clause] = [self._denied(each) for each in wishes if each.denied]
        chosen = [each for each in wishes if each.choice]
        for _, group in itertools.groupby(chosen, lambda each: each.choice):
            parts = list(group)
            if all(part.columns <= home for part in parts):
                continue  # homes are alternatives anyway
            found.append(Clause(tuple(way for part in parts for way in self._ways(part))))
        taken = {id(each) for each in chosen if not each.columns <= home}
        single = [each for each in wishes if not each.denied and id(each) not in taken]
        return [*found, *self._homes(single, home), *self._singles(single, home)]

    def _denied(self, wish: Item) -> Clause:
        """Return what must not hold; a phrase that means a state and its town denies both.

        A town told with its state is one place: there the town stands first.
        Who does not have what is true or false has the other: no row without a value does.
        """
        ((column, value), *others) = wish.tokens or (("", ""),)
        if column in self._truths and not others and not wish.tests:
            said = self._truths[column]
            return Clause(((Test(column, "=", said[1 - said.index(value)]),),))
        if wish.columns <= {self._places.city, self._places.state} and column != self._places.city:
            return Clause(tuple((_test(token),) for token in wish.tokens), denied=True)
        return Clause(self._ways(wish), denied=True)

    def _ways(self, wish: Item) -> Ways:
        """Return the alternatives that one wish states: values of a column are, columns are not."""
        if wish.columns <= {self._places.city, self._places.state} and wish.columns:
            return self._home_ways(wish.tokens)
        parts = [tuple((test,) for test in alternatives) for alternatives in self._by_column(wish.tokens)]
        bounds = tuple(_test(token) for token in wish.tokens if self._is_bound(token)) + wish.tests
        ways = tuple(tuple(test for part in way for test in part) for way in itertools.product(*parts))
        return tuple((*way, *bounds) for way in ways)

    def _by_column(self, tokens: Tokens) -> list[tuple[Test, ...]]:
        """Return the values of each column that tokens name, those of numbers aside that are bounds."""
        found: dict[str, list[Test]] = {}
        for token in tokens:
            if not self._is_bound(token):
                found.setdefault(token[0], []).append(_test(token))
        return [tuple(tests) for tests in found.values()]

    def _is_bound(self, token: tuple[str, str]) -> bool:
        return token[0] in self._measured and token[1].startswith(_SIGNS)

    def _singles(self, wishes: Sequence[Item], home: set[str]) -> Iterable[Clause]:
        """Yield the conditions of wishes, of each column of a wish its own."""
        alternatives: dict[str, list[Test]] = {}
        clauses: list[Clause] = []
        for wish in wishes:
            if wish.tests:
                clauses.append(Clause((wish.tests,)))
            if bounds := tuple(_test(token) for token in wish.tokens if self._is_bound(token)):
                clauses.append(Clause((bounds,)))
            for tests in self._by_column(wish.tokens):
                column = tests[0].column
                if column in home:
                    continue
                if column in self._lists:
                    clauses.append(Clause(tuple((test,) for test in tests)))
                else:
                    alternatives.setdefault(column, []).extend(tests)
        yield from (Clause(tuple((test,) for test in dict.fromkeys(each))) for each in alternatives.values())
        yield from dict.fromkeys(clauses)

    def _homes(self, wishes: Sequence[Item], home: set[str]) -> Iterable[Clause]:
        """Yield the one condition of all homes that wishes name.

        A phrase that means a state and a town of it means the state alone where a set of towns is asked for.
        """
        sets = {column for wish in wishes for column in wish.columns if column in self._sets}
        of_towns = any(self._places.city in self._sets[name].columns for name in sets)
        tokens = [
            token
            for wish in wishes
            for token in wish.tokens
            if token[0] in home
            and not (of_towns and token[0] == self._places.city and self._places.state in wish.columns)
        ]
        if ways := self._home_ways(tuple(dict.fromkeys(tokens))):
            yield Clause(ways)

    def _home_ways(self, tokens: Tokens) -> Ways:
        """Return each town among tokens with its state, then each state without a named town.

        Of a town in several states, those count that are named, or else the one where it is in a set of
        towns, as Belém is a capital, or else all.
        """
        city, state = self._places.city, self._places.state
        named = [value for column, value in tokens if column == state]
        towns = [value for column, value in tokens if column == city]
        pairs = [(of, town) for town in towns for of in self._states_of(town, named)]
        with_towns = {of for of, _ in pairs}
        alone = [value for value in named if value not in with_towns]
        return (
            *((Test(state, "=", of), Test(city, "=", town)) for of, town in pairs),
            *((Test(state, "=", value),) for value in alone),
        )

    def _states_of(self, town: str, named: Sequence[str]) -> tuple[str, ...]:
        states = self._states[town]
        told = tuple(state for state in states if state in named)
        known = (self._known[town],) if town in self._known else states
        return told or known


def members(vocabulary: Vocabulary) -> Mapping[str, Mapping[str, Ways]]:
    """Return what each name of a set, and each attribute of items, asks of the columns: by name and value."""
    found: dict[str, dict[str, Ways]] = {}
    for group in vocabulary.texts.groups:
        for value, keys in group.members:
            way = tuple(Test(column, "=", key) for column, key in zip(group.columns, keys, strict=True))
            ways = found.setdefault(group.name, {})
            ways[value] = (*ways.get(value, ()), way)
    for name in vocabulary.attribute_values():
        for item in vocabulary.items:
            for value in item.attributes[name]:
                ways = found.setdefault(name, {})
                ways[value] = (*ways.get(value, ()), (Test(vocabulary.item_column, "=", item.name),))
    return found


def _test(token: tuple[str, str]) -> Test:
    """Return the test of a column and a value, which may be a bound."""
    column, value = token
    sign = next((each for each in _SIGNS if value.startswith(each)), "=")
    return Test(column, sign, value.removeprefix(sign) if sign != "=" else value)
