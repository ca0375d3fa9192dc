"""Text from outside, checked or cleaned before it is stored or shown."""

import re

from synthprof.base.errors import SpecError


def check_unicode(text: str) -> None:
    """Raise SpecError for text that has no UTF-8 form, as a command line's bytes that were not UTF-8."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise SpecError(f"{text[:80]!r} is not UTF-8; set the terminal to UTF-8") from None


LIST_SEPARATOR = ", "
"""Text between the items of a list in one text."""

UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""Control characters, line separators, bidirectional overrides and lone surrogates."""


def plain(value: object) -> str:
    """Return the value as text whose unprintable characters are replaced by U+FFFD; – for no value."""
    if value is None:
        return "–"
    return UNPRINTABLE.sub("\ufffd", str(value))
