"""Templates of texts taken apart: literal texts, values and phrases in order, by voice, form and turn."""

import re
from dataclasses import dataclass

from synthprof.base.errors import SpecError
from synthprof.profiles.prose_values import capitalised
from synthprof.schemas.draws import FORMS, PLACEHOLDER, Prose
from synthprof.schemas.schema import Schema


@dataclass(frozen=True)
class Part:
    """A part of a template: literal text, or the key of a value or phrase, with a capital letter or not."""

    text: str
    named: bool = False
    capital: bool = False


@dataclass(frozen=True)
class Mode:
    """The way in which a template is told: the number of its voice, of the form of words, and of the turn."""

    voice: int
    form: int
    turn: int = 0


class Grammar:
    """The choices among words that the templates of a text have."""

    def __init__(self, schema: Schema, draw: Prose) -> None:
        self.draw = draw
        self.voices = max(1, len(draw.voices))
        by = draw.chosen_by
        self.forms = len(by.values) if by else 1
        self.turns = len(draw.turns[0].entries) if draw.turns else 1
        self._turn = {turns.name: turns.entries for turns in draw.turns}
        self._named = re.compile(rf"\{{({'|'.join(self._turn)})\}} ?") if draw.turns else None
        self._lacking = {column.name for column in schema.columns if column.may_lack}

    def told(self, owner: str, template: str, mode: Mode) -> str:
        """Return a template with the words of one mode. Raises SpecError for words that it does not have.

        owner: the sentence or phrase, as messages name it.
        """
        text = template
        if self._named is not None and self._named.search(text):
            text = self._named.sub(lambda found: self._entry(found[1], mode), text)
        if "|" in text or "~" in text:
            text = FORMS.sub(lambda found: self._form(owner, template, found[1], mode), text)
        return text

    def parts(self, owner: str, template: str, text: str, capital: bool) -> tuple[Part, ...]:
        """Return the parts of a template that reads `text`. Raises SpecError for one that cannot be read.

        capital: whether it begins with a capital letter.
        """
        split = PLACEHOLDER.split(text)
        if "{" in "".join(split[::2]):
            raise SpecError(
                f"{owner}: cannot read template {template!r}; use {{column}}, {{phrase}} and {{o|a}} only"
            )
        parts = [Part(each, named=at % 2 == 1) for at, each in enumerate(split) if each]
        if capital and parts:
            first = parts[0]
            parts[0] = Part(first.text, True, True) if first.named else Part(capitalised(first.text))
        return tuple(parts)

    def named_in(self, template: str) -> frozenset[str]:
        """Return the phrases and columns that a template names, or whose values choose its words."""
        draw, found = self.draw, {key.partition(":")[0] for key in PLACEHOLDER.findall(template)}
        for name in found & self._turn.keys():
            found |= {
                key.partition(":")[0] for key in PLACEHOLDER.findall("".join(map("".join, self._turn[name])))
            }
        if draw.first_name in found:
            found.add(draw.name)
        if draw.chosen_by and "|" in "".join(FORMS.findall(template)):
            found.add(draw.chosen_by.column)
        return frozenset(found - self._turn.keys())

    def may_lack(self, name: str) -> bool:
        """Return whether a column may have no value."""
        return name in self._lacking

    def _entry(self, name: str, mode: Mode) -> str:
        entry = self._turn[name][mode.turn][mode.voice]
        return f"{entry} " if entry else ""

    def _form(self, owner: str, template: str, words: str, mode: Mode) -> str:
        """Return one of the forms of a word. Raises SpecError where there is another number of them."""
        if "~" in words:
            words = self._one_of(owner, template, words, "~", self.voices, mode.voice)
        if "|" in words:
            words = self._one_of(owner, template, words, "|", self.forms, mode.form)
        return words

    def _one_of(self, owner: str, template: str, words: str, sign: str, count: int, which: int) -> str:
        found = words.split(sign)
        if len(found) != count or count == 1:
            made_of = "`voices`" if sign == "~" else "`forms`"
            told = f"{count} to choose from" if count > 1 else f"none to choose from without {made_of}"
            raise SpecError(
                f"{owner}: {{{words}}} has {len(found)} forms, but there are {told}; "
                f"correct {template.strip()!r}"
            )
        return found[which]
