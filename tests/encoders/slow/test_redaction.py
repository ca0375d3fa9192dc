"""However a service writes what it was sent, key and password are not told."""

import base64
import html
import json
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest

from synthprof.encoders.slow.redaction import redacted

KEY = 'sk-proj/4+x"&aB_9~ç'


def _backslashed(text: str) -> str:
    return "".join(f"\\x{octet:02x}" for octet in text.encode())


WAYS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "capitals": str.upper,
    "backwards": lambda text: text[::-1],
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64 without padding": lambda text: base64.urlsafe_b64encode(text.encode()).decode().rstrip("="),
    "base64 in an address": lambda text: quote(base64.b64encode(text.encode()).decode(), safe=""),
    "base64 in JSON": lambda text: base64.b64encode(text.encode()).decode().replace("/", "\\/"),
    "address": lambda text: quote(text, safe=""),
    "form": quote_plus,
    "address twice": lambda text: quote(quote(text, safe=""), safe=""),
    "all of it as an address": lambda text: "".join(f"%{octet:02X}" for octet in text.encode()),
    "JSON": lambda text: json.dumps(text)[1:-1],
    "JSON in JSON": lambda text: json.dumps(json.dumps(text))[3:-3],
    "JSON of a browser": lambda text: json.dumps(text)[1:-1].replace("/", "\\/").replace("&", "\\u0026"),
    "HTML": html.escape,
    "HTML by numbers": lambda text: "".join(f"&#{ord(each)};" for each in text),
    "Python": lambda text: repr(text.encode())[2:-1],
    "all of it in source code": _backslashed,
    "hexadecimal": lambda text: text.encode().hex(),
    "hexadecimal capitals": lambda text: text.encode().hex(":").upper(),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("before", ["", "k", "ke", "Authorization: Bearer "])
def test_a_secret_is_found_however_it_is_written(way: str, before: str) -> None:
    written = WAYS[way](before + KEY + "&v=1")
    told = redacted(f'{{"said": "{written}"}} the end', (KEY, ""))
    assert "…" in told
    assert told.endswith(" the end")
    shown = told.removeprefix('{"said": "').removesuffix('"} the end')
    if way.startswith("base64"):  # what was before and behind the secret shares characters with it
        assert shown == "…"
    else:
        assert not [piece for at in range(len(KEY) - 2) if (piece := WAYS[way](KEY[at : at + 3])) in shown]


def test_other_words_stay_and_a_long_run_takes_no_time() -> None:
    said = f"batch size 64 > maximum allowed batch size 32 {'A' * 20_000}"
    assert redacted(said, (KEY, "u", "")) == said.replace("u", "…")
