"""Text from elsewhere, made fit to show or to store."""

import re

from synthprof.base.errors import SpecError


def check_unicode(text: str) -> None:
    """Nothing, unless bytes of a command line that were not UTF-8 stand in the text; else SpecError."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise SpecError(f"{text[:80]!r} is not UTF-8; use a terminal that is set to it") from None


UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""Control characters, line separators, bidirectional overrides and lone surrogates."""


def plain(value: object) -> str:
    """The value as text in which nothing but letters, signs, spaces and line breaks is left."""
    return UNPRINTABLE.sub("\ufffd", str(value))
