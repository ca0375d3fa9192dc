"""Towns in a search whose names are words, names of people or shared: meant by what stands around them."""

from collections.abc import Iterator, Mapping, Sequence

from synthprof.encoders.catalogue.vocabulary import Vocabulary
from synthprof.encoders.reading.amounts import SLOT
from synthprof.encoders.reading.parts import meaning_of
from synthprof.encoders.reading.persons import Persons
from synthprof.encoders.reading.speech import Speech
from synthprof.encoders.reading.words import Word, accented, in_digits
from synthprof.schemas.languages import folded
from synthprof.schemas.texts import Tokens

LONGEST_STATE = 4
"""Words of the longest name of a state that is looked for after a town."""

LONG = 6
"""Letters from which on a town after the phrase of places may have a typing error."""

Found = tuple[int, int, Tokens]


class Towns:
    """All towns of a schema by their folded names, and the phrases of its states.

    A town is meant after the phrase of places ("em Bonito") and with a state of its own ("Bom Jesus, PI").
    """

    def __init__(self, vocabulary: Vocabulary, persons: Persons, language: str) -> None:
        """Take a language's tag, in whose searches numbers in words are digits: 7 Lagoas."""
        self._city, self._state = vocabulary.places.city, vocabulary.places.state
        self._persons = persons
        self._mark = tuple(vocabulary.texts.place.partition(SLOT)[0].split())
        self._towns: dict[str, list[tuple[str, str]]] = {}
        for town, state in vocabulary.places.cities:
            self._towns.setdefault(folded(town), []).append((town, state))
        digits = in_digits({word for name in self._towns for word in name.split()}, language)
        self._numbered = {
            name: " ".join(digits.get(word, word) for word in name.split())
            for name in self._towns
            if not digits.keys().isdisjoint(name.split())
        }
        self._towns |= {said: self._towns[name] for name, said in self._numbered.items()}
        self._longest = max((len(name.split()) for name in self._towns), default=0)
        self._codes = {folded(state): state for _, state in vocabulary.places.cities}
        self._sets = {
            folded(value)
            for group in vocabulary.texts.groups
            if self._city in group.columns
            for _, keys in group.members
            for column, value in zip(group.columns, keys, strict=True)
            if column == self._city
        }

    def apart(self, phrases: Mapping[str, Tokens]) -> dict[str, Tokens]:
        """Return the phrases without the towns that they do not mean alone.

        These are words of people's names, those of sets of towns aside, as capitals, and what `find` reads.
        """
        return {
            self._numbered.get(phrase, phrase): tokens
            for phrase, tokens in phrases.items()
            if not self._needs_more(phrase, tokens)
        }

    def _needs_more(self, phrase: str, tokens: Tokens) -> bool:
        if not any(column == self._city for column, _ in tokens):
            return False
        if {column for column, _ in tokens} <= {self._city, self._state} and phrase not in self._towns:
            return True
        named = self._persons.is_part(phrase) and phrase not in self._sets
        return named and {column for column, _ in tokens} == {self._city}

    def find(
        self, words: Sequence[Word], free: Sequence[bool], speech: Speech, phrases: Mapping[str, Tokens]
    ) -> Iterator[Found]:
        """Yield the first and the last place (not included) of each town that is meant, and its meaning.

        Places of several words are found too, as words of them are words of people's names; before all, towns
        with their states. What is found is taken from `free` before the next is sought.
        """
        for at in (self._with_its_state, self._alone):
            place = 0
            while place < len(words):
                first, last, tokens = at(words, place, speech, phrases)
                if tokens and all(free[first:last]):
                    yield first, last, tokens
                place = last

    def _runs(self, words: Sequence[Word], place: int) -> Iterator[tuple[int, str, list[tuple[str, str]]]]:
        """Yield the ends of runs of words from a place, the longest first, their texts and their towns."""
        for last in range(min(len(words), place + self._longest), place, -1):
            part = words[place:last]
            if not any(word.begins for word in part[1:]):
                name = " ".join(word.text for word in part)
                yield last, name, [each for each in self._towns.get(name, ()) if _is_written(part, each[0])]

    def _with_its_state(
        self, words: Sequence[Word], place: int, speech: Speech, phrases: Mapping[str, Tokens]
    ) -> Found:
        """Return the town that begins at a word and has its state after it, or where to look on.

        A state in the name of a longer town is none: São Gonçalo do Rio Abaixo.
        """
        reach = place + 1
        for last, _, towns in self._runs(words, place):
            if towns and not self._is_surname(words, place, last, speech):
                found = self._with_state(words, place, last, towns, speech, phrases)
                if found and found[1] > reach:
                    return found
                reach = max(reach, last)
        return place, reach, ()

    def _alone(
        self, words: Sequence[Word], place: int, speech: Speech, phrases: Mapping[str, Tokens]
    ) -> Found:
        """Return the longest place that begins at a word, or where to look on, without a meaning."""
        mark = " ".join(self._mark)
        for last, name, towns in self._runs(words, place):
            marked = f"{mark} {name}"
            if towns and marked in phrases and self._has_mark(words, place):
                return place - len(self._mark), last, phrases[marked]
            if name.removeprefix(f"{mark} ") in self._towns and not towns:
                continue  # the town itself may have a longer name
            if name in phrases and (not towns or self._is_place(phrases[name])):
                means = last - place > 1 and self._is_place(phrases[name])
                means = means and not self._is_surname(words, place, last, speech)
                return place, last, phrases[name] if means else ()
            if towns and self._is_meant(words, place, last, speech, phrases):
                city = tuple(dict.fromkeys((self._city, town) for town, _ in towns))
                return place - len(self._mark) * self._has_mark(words, place), last, city
        return place, place + 1, ()

    def _is_surname(self, words: Sequence[Word], first: int, last: int, speech: Speech) -> bool:
        """Return whether words of people's names stand after a first name."""
        before = words[first - 1].text if first else ""
        return (
            self._persons.is_first(before)
            and before not in speech.plain
            and not words[first].begins
            and all(self._persons.is_part(word.text) for word in words[first:last])
        )

    def _is_place(self, tokens: Tokens) -> bool:
        return bool(tokens) and {column for column, _ in tokens} <= {self._city, self._state}

    def _with_state(
        self,
        words: Sequence[Word],
        first: int,
        last: int,
        towns: Sequence[tuple[str, str]],
        speech: Speech,
        phrases: Mapping[str, Tokens],
    ) -> Found | None:
        """Return a town with the state that is told after it: `PI`, `(PI)`, `do Piauí`."""
        linked = last < len(words) and words[last].text in speech.links and not words[last].begins
        of_name = last - first == 1 and self._persons.is_first(words[first].text)
        proper = last - first > 1 or (words[first].is_name and not of_name)
        for start in (last, last + 1) if linked and proper else (last,):
            for end in range(min(len(words), start + LONGEST_STATE), start, -1):
                if any(word.begins for word in words[start + 1 : end]):
                    continue
                said = self._states(words[start:end], speech, phrases)
                if pairs := [each for each in towns if each[1] in said]:
                    before = len(self._mark) if self._has_mark(words, first) else 0
                    return first - before, end, ((self._city, pairs[0][0]), (self._state, pairs[0][1]))
        return None

    def _states(self, words: Sequence[Word], speech: Speech, phrases: Mapping[str, Tokens]) -> set[str]:
        """Return the states that words mean; a code that is a word of the language is in capitals."""
        text = " ".join(word.text for word in words)
        said = {value for column, value in meaning_of(words, phrases) or () if column == self._state}
        if text in self._codes and (words[0].said.isupper() or text not in speech.plain):
            said.add(self._codes[text])
        return said

    def _has_mark(self, words: Sequence[Word], place: int) -> bool:
        first = place - len(self._mark)
        before = tuple(word.text for word in words[max(first, 0) : place])
        return bool(self._mark) and before == self._mark and not words[place].begins

    def _is_meant(
        self, words: Sequence[Word], first: int, last: int, speech: Speech, phrases: Mapping[str, Tokens]
    ) -> bool:
        """Return whether the phrase of places, or how a word is written, shows that a town is meant.

        What is an ordinary word, or means something else, needs a capital letter after that phrase. Without
        it, one word in a text does that has a capital letter and accents, and is no other word.
        """
        name = " ".join(word.text for word in words[first:last])
        written = words[first].is_name
        if self._has_mark(words, first):
            return written or not (name in speech.ordinary or phrases.get(name))
        other = phrases.get(name) or self._persons.is_part(name) or name in speech.ordinary
        return first > 0 and last - first == 1 and written and accented(words[first].said) and not other

    def nearest(self, words: Sequence[Word], place: int) -> Tokens:
        """Return the town that one word after the phrase of places means with a typing error."""
        if not self._has_mark(words, place) or len(words[place].text) < LONG:
            return ()
        from rapidfuzz import process  # with all its algorithms, which few searches need
        from rapidfuzz.distance import OSA

        found = process.extractOne(words[place].text, self._towns.keys(), scorer=OSA.distance, score_cutoff=1)
        return tuple(dict.fromkeys((self._city, town) for town, _ in self._towns[found[0]])) if found else ()


def _is_written(words: Sequence[Word], town: str) -> bool:
    """Return whether words with accents are those of a town that has them, too: `março` is not Marco."""
    return accented(town) or not any(accented(word.said) for word in words)
