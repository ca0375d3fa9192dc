"""Secrets taken out of what a service says, however it writes them.

Services and gateways echo requests in what they say of an error, which is told and published.
"""

import base64
import functools
import re
from collections.abc import Iterable
from html.entities import html5

HIDDEN = "…"

CODED_MIN = 4
"""Bytes from which a secret is looked for in base64 and hexadecimal: fewer are in any text by chance."""

DEPTH_MAX = 2
"""Times that base64 is unpacked: a header with a login is base64, and may be echoed in base64."""

PLUS, SLASH = r"%(?:25)*2b|\\u002b", r"%(?:25)*2f|\\+/|\\u002f"
RUN = re.compile(rf"(?:[\w+/-]|{PLUS}|{SLASH}){{6,}}(?:=|%(?:25)*3d|\\u003d)*", re.ASCII | re.IGNORECASE)
"""Characters of base64 of either alphabet, also escaped."""

NAMED = {character: name for name, character in html5.items() if name.endswith(";")}


def redacted(text: str, secrets: Iterable[str], depth: int = DEPTH_MAX) -> str:
    """Return the text without the secrets, each in place of which stands an ellipsis.

    A secret is found as it is, backwards, in hexadecimal, and in base64 of either alphabet, also as a part of
    what was encoded; its characters may be escaped as in addresses, JSON, HTML or source code.
    """
    known = sorted({*secrets} - {""}, key=len, reverse=True)
    for secret in known:
        text = _pattern(secret).sub(HIDDEN, text)
    long = [secret for secret in known if len(secret.encode()) >= CODED_MIN]
    if not long or not depth:
        return text
    return RUN.sub(lambda run: HIDDEN if _tells(run[0], long, depth) else run[0], text)


def _tells(run: str, secrets: list[str], depth: int) -> bool:
    """Return whether base64 holds one of the secrets. It may begin at any of the first characters."""
    code = re.sub(SLASH, "/", re.sub(PLUS, "+", run, flags=re.IGNORECASE), flags=re.IGNORECASE)
    code = re.split(r"[=%\\]", code)[0].replace("-", "+").replace("_", "/")
    for first in range(4):
        part = code[first:]
        part = part[: len(part) - 1] if len(part) % 4 == 1 else part
        said = base64.b64decode(part + "=" * (-len(part) % 4)).decode(errors="replace")
        if redacted(said, secrets, depth - 1) != said:
            return True
    return False


@functools.lru_cache(maxsize=32)
def _pattern(secret: str) -> re.Pattern[str]:
    """Return what finds a secret as characters or octets."""
    octets = secret.encode()
    ways = [_escaped(secret), _escaped(secret[::-1])]
    if len(octets) >= CODED_MIN:
        ways.append(r"[\s:,\-]?".join(rf"(?:\\x|0x|%)?{octet:02x}" for octet in octets))
    return re.compile("|".join(ways), re.IGNORECASE)


def _escaped(text: str) -> str:
    """Return a pattern of the characters, each as it is or escaped in one of the usual ways."""
    return "".join(map(_character, text))


@functools.cache
def _character(character: str) -> str:
    code, octets = ord(character), character.encode()
    ways = {
        re.escape(character),
        rf"\\+{re.escape(character)}",
        rf"\\+u{code:04x}",
        rf"\\+u\{{0*{code:x}\}}",
        f"&(?:amp;)?#0*{code};",
        f"&(?:amp;)?#x0*{code:x};",
        "".join(rf"\\+x{octet:02x}" for octet in octets),
        "".join(f"%(?:25)*{octet:02x}" for octet in octets),
        *([f"&(?:amp;)?{NAMED[character]}"] if character in NAMED else []),
    }
    return f"(?:{'|'.join(sorted(ways, key=len, reverse=True))})"
