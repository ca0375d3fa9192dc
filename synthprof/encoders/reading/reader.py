"""A reader of searches about the rows of one schema."""

import functools
from collections.abc import Mapping
from importlib.metadata import version as release_of

from synthprof.base.kept import kept
from synthprof.encoders.catalogue.lexicon import named_phrases
from synthprof.encoders.catalogue.vocabulary import Vocabulary, vocabulary_of
from synthprof.encoders.reading import bounds
from synthprof.encoders.reading.amounts import Amount
from synthprof.encoders.reading.clauses import Clauses, members
from synthprof.encoders.reading.parts import Parts
from synthprof.encoders.reading.persons import Persons
from synthprof.encoders.reading.reading import APART, CLOSE, Clause, Reading, Test
from synthprof.encoders.reading.scope import Kind, wishes_of
from synthprof.encoders.reading.speech import Speech, speeches_of, spoken_in
from synthprof.encoders.reading.towns import Towns
from synthprof.encoders.reading.unknown import Unknown
from synthprof.encoders.reading.words import words_of
from synthprof.schemas.bundle import Bundle
from synthprof.schemas.languages import folded
from synthprof.schemas.schema import TRUTH_VALUES
from synthprof.schemas.texts import Tokens

FALSE, TRUE = TRUTH_VALUES
"""Of a set without a name of its own: rows outside, and rows in it."""

_KINDS: tuple[tuple[Kind, str], ...] = (
    *(("word", "spares"), ("deny", "denies"), ("or", "ors"), ("and", "ands")),
    *(("but", "buts"), ("verb", "verbs")),
)


class Reader:
    """The words of one schema in all languages in which it is searched."""

    def __init__(self, bundle: Bundle) -> None:
        vocabulary = vocabulary_of(bundle)
        self._columns = vocabulary.columns
        self._bare = vocabulary.texts.bare
        self._speeches = speeches_of(vocabulary, bundle.view.language)
        self._persons = Persons(vocabulary)
        self._clauses = Clauses(vocabulary)
        self._members = members(vocabulary)
        self._places = {vocabulary.places.city, vocabulary.places.state}
        self._order = _order_of(vocabulary, self._persons.column)
        self._towns = Towns(vocabulary, self._persons, self._speeches[0].grammar.tag)
        values = self._towns.apart(named_phrases(vocabulary, ()))
        self._lexicons = [self._lexicon(speech, values) for speech in self._speeches]
        self._known = [
            speech.plain.union(lexicon)
            for speech, lexicon in zip(self._speeches, self._lexicons, strict=True)
        ]
        self._kinds = [_kinds_of(speech) for speech in self._speeches]
        listed = {vocabulary.item_column}
        items = [phrase for phrase, tokens in values.items() if {name for name, _ in tokens} == listed]
        self._unknown = [
            Unknown(speech, lexicon, items, self._places)
            for speech, lexicon in zip(self._speeches, self._lexicons, strict=True)
        ]

    def read(self, text: str) -> Reading:
        """Return what a text asks: conditions on the rows, wishes, and the words that say nothing."""
        plain = [part for word in text.split() for part in folded(word).split()]
        at = self._speeches.index(spoken_in(self._speeches, plain))
        speech = self._speeches[at]
        of = Parts(words_of(text, speech.grammar.tag))
        for first, last, tokens in self._towns.find(of.words, of.free, speech, self._lexicons[at]):
            of.take("wish", first, last, tokens=tokens)
        self._take_names(of, speech, self._lexicons[at], several=True)
        of.take_phrases(self._lexicons[at])
        self._take_amounts(of, speech)
        self._take_names(of, speech, self._lexicons[at], several=False)
        self._take_unknown(of, speech, self._unknown[at])
        of.take_kinds(self._kinds[at])
        return self._reading(of, speech)

    def members_of(self, test: Test) -> Clause:
        """Return what a test of a column, of a set of values, or of an attribute of items asks of columns."""
        sets = self._members.get(test.column)
        if sets is None:
            return Clause(((test,),))
        outside = test.value not in sets and test.value == FALSE
        return Clause(sets[TRUE if outside else test.value], denied=outside)

    def _take_names(self, of: Parts, speech: Speech, phrases: Mapping[str, Tokens], several: bool) -> None:
        """Take names of people: first those of several words, which may be words of phrases too."""
        found = self._persons.find(of.words, of.free, speech, self._known[self._speeches.index(speech)])
        for first, last, name in found:
            whole = " ".join(word.text for word in of.words[first:last])
            if not several or (last - first > 1 and whole not in phrases):
                parts = [word for word in name.split() if word not in speech.grammar.particles]
                of.take("wish", first, last, tests=(Test(self._persons.column, APART, " ".join(parts)),))
                if len(parts) > 1:
                    of.close[first] = Test(self._persons.column, CLOSE, name)

    def _take_amounts(self, of: Parts, speech: Speech) -> None:
        """Take numbers and dates that tell of a column; one that stands alone tells of the schema's own."""

        def fits(column: str, amount: Amount) -> bool:
            return bounds.accepts(self._columns[column], amount)

        before, end = "", -1
        for piece, said in list(speech.amounts.find(of.words, of.free, fits)):
            amount = piece.amount
            assert amount is not None
            alone = bool(amount.how) or of.stands_alone(piece.first, piece.last)
            bare = self._bare if self._bare and alone and fits(self._bare, amount) else ""
            between = {word.text for word in of.words[end : piece.first]} if end >= 0 else {""}
            if before and between <= {*speech.grammar.ands, *speech.grammar.ors} and fits(before, amount):
                said = before if said in ("", self._bare) else said
            if column := said or bare:
                before, end = column, piece.last
                token = (column, bounds.middle_of(amount))
                tests = bounds.tests_of(self._columns[column], amount)
                of.take("wish", piece.first, piece.last, ranks=(token,), tests=tests)

    def _take_unknown(self, of: Parts, speech: Speech, unknown: Unknown) -> None:
        """Take words that are no phrase as they are written, but mean one, or a town where one is said."""
        phrases = self._lexicons[self._speeches.index(speech)]
        for first, last in of.windows(speech.ordinary):
            if not all(of.free[first:last]):
                continue
            words = [word.text for word in of.words[first:last]]
            phrase = unknown.meaning(words)
            tokens = phrases.get(phrase, ()) if phrase else ()
            if last - first == 1 and not {column for column, _ in tokens} & self._places:
                tokens = self._towns.nearest(of.words, first) or tokens
            if phrase:
                of.correct(first, last, phrase)
            if tokens:
                of.take("wish", first, last, tokens=tokens)

    def _reading(self, of: Parts, speech: Speech) -> Reading:
        wishes = wishes_of(of.items)
        clauses = [clause for clause in self._clauses.of(wishes) if self._filters(clause)]
        clauses += [
            Clause(((of.close[wish.first],),))
            for wish in wishes
            if wish.first in of.close and not wish.denied and not wish.choice
        ]
        denied = [wish for wish in wishes if wish.denied]
        return Reading(
            clauses=tuple(sorted(clauses, key=self._priority)),
            wishes=tuple(each for wish in wishes if not wish.denied and (each := of.meaning(wish))),
            denied=tuple(each for wish in denied if (each := of.meaning(wish))),
            words=tuple(of.words[place].text for place in of.left(speech.plain)),
            rest=of.without(denied),
            language=speech.grammar.tag,
        )

    def _filters(self, clause: Clause) -> bool:
        """Return whether all columns of a condition are those of conditions."""
        return bool(clause.ways) and all(column in self._order for column in clause.columns)

    def _priority(self, clause: Clause) -> int:
        """Return the place of a condition among those that are kept longest."""
        if any(test.sign == CLOSE for way in clause.ways for test in way):
            return len(self._order)  # the first to be given up
        return min(self._order[column] for column in clause.columns)

    def _lexicon(self, speech: Speech, values: Mapping[str, Tokens]) -> dict[str, Tokens]:
        """Return what phrases mean in a language: values, phrases of others but its own words, its own."""
        others: dict[str, Tokens] = {}
        for other in self._speeches:
            for phrase, tokens in other.phrases.items() if other is not speech else ():
                if not all(word in speech.plain for word in phrase.split()):
                    others.setdefault(phrase, tokens)
        return {**values, **others, **speech.phrases}


@functools.lru_cache(maxsize=4)
def reader_of(bundle: Bundle) -> Reader:
    """Return the reader of a schema's searches, made once per machine.

    Raises SpecError for a synonym of an unknown value.
    """
    return kept("reader", [bundle.digest, release_of("text2num")], lambda: Reader(bundle))


def _kinds_of(speech: Speech) -> dict[str, Kind]:
    """Return the kind of each phrase of a grammar."""
    kinds: dict[str, Kind] = {}
    for kind, name in reversed(_KINDS):
        kinds |= dict.fromkeys(getattr(speech.grammar, name), kind)
    return kinds


def _order_of(vocabulary: Vocabulary, names: str) -> dict[str, int]:
    """Return the columns of conditions, sets and attributes with their places, those kept longest first.

    A schema that names none has all: places and names of people, then the others as they come.
    """
    encoding, places = vocabulary.encoding, vocabulary.places
    kept = [name for name in (places.city, places.state, names) if name]
    rest = encoding.conditions or tuple(vocabulary.columns)
    columns = list(
        dict.fromkeys([*(kept if not encoding.conditions else [n for n in kept if n not in rest]), *rest])
    )
    order = {name: place for place, name in enumerate(columns)}
    for group in vocabulary.texts.groups:
        if group.columns[0] in order:
            order.setdefault(group.name, order[group.columns[0]])
    for name in vocabulary.attribute_values():
        if vocabulary.item_column in order:
            order.setdefault(name, order[vocabulary.item_column])
    return order
