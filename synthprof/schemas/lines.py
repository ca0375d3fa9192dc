"""The lines of a TOML text on which its keys stand, which `tomllib` does not tell."""

from collections.abc import Mapping

Path = tuple[str | int, ...]
"""The keys and positions that lead to a value: `("column", 3, "mean")`."""

_SPACE = " \t"
_ENDS = ",]}\n#"


def lines_of(text: str) -> Mapping[Path, int]:
    r"""Return the line of each key, table and entry of a list, from 1 on, in a text that is valid TOML.

    >>> lines_of('title = "x"\n[[column]]\nname = "a"')[("column", 0, "name")]
    3
    """
    return _Scanner(text.replace("\r\n", "\n")).found


def line_of(path: Path, lines: Mapping[Path, int]) -> int:
    """Return the line of a value, or of what holds it where it is missing; 1 for the file itself."""
    return next((lines[path[:end]] for end in range(len(path), 0, -1) if path[:end] in lines), 1)


class _Scanner:
    """A reader of keys, which passes over values and only counts lines in them."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._line = 1
        self._counted = 0
        self._arrays: dict[Path, int] = {}
        self.found: dict[Path, int] = {}
        table: Path = ()
        while self._skip("\n"):
            if self._here("["):
                table = self._header()
            else:
                self._pair(table)

    def _header(self) -> Path:
        """Pass a header and return the path of its table."""
        double = self._here("[[")
        self._at += 2 if double else 1
        *outer, last = self._key()
        path: Path = ()
        for key in outer:
            self._note((*path, key))
            path = self._into((*path, key))
        path = (*path, last)
        self._note(path)
        if double:
            self._arrays[path] = self._arrays.get(path, -1) + 1
        path = self._into(path)
        self._note(path)
        self._at += 2 if double else 1
        return path

    def _into(self, path: Path) -> Path:
        """Return the path of a table, of the last one where there are several."""
        return (*path, self._arrays[path]) if path in self._arrays else path

    def _pair(self, table: Path) -> None:
        key = self._key()
        path = (*table, *key)
        for end in range(len(table) + 1, len(path) + 1):
            self._note(path[:end])
        self._at += 1  # =
        self._value(path)

    def _value(self, path: Path) -> None:
        self._skip()
        match self._text[self._at : self._at + 1]:
            case '"' | "'":
                self._string()
            case "[":
                self._list(path)
            case "{":
                self._inline(path)
            case _:
                while self._at < len(self._text) and self._text[self._at] not in _ENDS:
                    self._at += 1

    def _list(self, path: Path) -> None:
        self._at += 1
        position = 0
        while self._skip("\n,") and not self._here("]"):
            self._note((*path, position))
            self._value((*path, position))
            position += 1
        self._at += 1

    def _inline(self, path: Path) -> None:
        self._at += 1
        while self._skip("\n,") and not self._here("}"):
            self._pair(path)
        self._at += 1

    def _key(self) -> tuple[str, ...]:
        """Pass a key with its dots and spaces, and return its parts."""
        parts: list[str] = []
        while self._skip() and self._text[self._at] not in "=]":
            if self._here("."):
                self._at += 1
            elif self._text[self._at] in "\"'":
                parts.append(self._string())
            else:
                start = self._at
                while self._at < len(self._text) and self._text[self._at] not in " \t.=]":
                    self._at += 1
                parts.append(self._text[start : self._at])
        return tuple(parts)

    def _string(self) -> str:
        """Pass a string and return what stands in it; only escapes that keys have in practice are read."""
        quote = self._text[self._at]
        end = quote * 3 if self._here(quote * 3) else quote
        start = self._at = self._at + len(end)
        while self._at < len(self._text) and not self._here(end):
            self._at += 2 if quote == '"' and self._here("\\") else 1
        inside = self._text[start : self._at]
        while len(end) == 3 and self._text[self._at + 3 : self._at + 4] == quote:
            self._at += 1  # a quote that belongs to the text stands before the closing ones
        self._at += len(end)
        return inside.replace('\\"', '"').replace("\\\\", "\\") if quote == '"' else inside

    def _skip(self, more: str = "") -> bool:
        """Pass spaces, comments and the characters in `more`; return whether anything is left."""
        while self._at < len(self._text):
            if self._here("#"):
                end = self._text.find("\n", self._at)
                self._at = len(self._text) if end < 0 else end
            elif self._text[self._at] in _SPACE + more:
                self._at += 1
            else:
                return True
        return False

    def _here(self, text: str) -> bool:
        return self._text.startswith(text, self._at)

    def _note(self, path: Path) -> None:
        self._line += self._text.count("\n", self._counted, self._at)
        self._counted = self._at
        self.found.setdefault(path, self._line)
