"""Lightproof, the grammar checker of LibreOffice for Brazilian Portuguese (VERO), without LibreOffice.

Debian's package `libreoffice-lightproof-pt-br` holds its 11,880 rules. Its Python code asks LibreOffice for a
few types, which stand here; its rules for this language ask for no dictionary.
"""

import importlib
import os
import re
import sys
import types
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PACKAGE = "usr/lib/libreoffice/share/extensions/lightproof_pt_br/pythonpath"
ROOTS = (os.environ.get("SYNTHPROF_LIGHTPROOF", ""), "/opt/lightproof", "/")
"""Folders in which the package may have been unpacked."""


def folder() -> Path | None:
    """Return the folder of the checker's modules; None where it is not installed."""
    found = (Path(root) / PACKAGE for root in ROOTS if root)
    return next((path for path in found if (path / "lightproof_pt_BR.py").exists()), None)


@dataclass(frozen=True)
class Fault:
    """A rule's verdict on a sentence."""

    message: str
    found: str
    sentence: str


class Lightproof:
    """The rules that are on by default."""

    def __init__(self, modules: Path) -> None:
        _stand_in("uno", createUnoStruct=lambda name: types.SimpleNamespace())
        for name in ("com", "com.sun", "com.sun.star", "com.sun.star.text"):
            _stand_in(name)
        _stand_in("com.sun.star.text.TextMarkupType", PROOFREADING=1)
        _stand_in("com.sun.star.beans", PropertyValue=types.SimpleNamespace)
        _stand_in("lightproof_handler_pt_BR")
        sys.path.insert(0, str(modules))
        options = importlib.import_module("lightproof_opts_pt_BR").lopts_default["pt_BR"]
        self._names = vars(importlib.import_module("lightproof_impl_pt_BR"))
        self._names["option"] = lambda language, name: name in options
        self._rules: list[list[Any]] = importlib.import_module("lightproof_pt_BR").dic

    def faults(self, sentences: Iterable[str]) -> list[Fault]:
        """Return what the rules say of sentences, each checked by itself."""
        each = sorted(set(sentences))
        whole = "\n".join(each).lower()
        return [fault for rule in self._rules if _may_match(rule[0], whole) for fault in self._by(rule, each)]

    def _by(self, rule: list[Any], sentences: list[str]) -> Iterable[Fault]:
        pattern, _, message, condition = rule[:4]
        try:
            compiled = re.compile(pattern)
        except re.error:  # as the checker itself, which leaves such rules out
            return
        for sentence in sentences:
            for m in compiled.finditer(sentence):
                told = {"m": m, "s": sentence, "TEXT": sentence, "LOCALE": None}
                if not condition or eval(condition, self._names, told):
                    yield Fault(message, m[0], sentence)


def _may_match(pattern: str, whole: str) -> bool:
    """Return whether a text holds the longest word that a pattern cannot do without; true if it has none."""
    left = re.sub(r"\\.", " ", pattern)
    left = re.sub(r"\[[^]]*\][*+?]?", " ", left)
    while (shorter := re.sub(r"\([^()]*\)[*+?]?(\{[^}]*\})?", " ", left)) != left:
        left = shorter
    if "|" in left:
        return True
    words = re.findall(r"[a-zà-ú]{3,}(?![*?{a-zà-ú])", left.lower())
    return not words or max(words, key=len) in whole


def _stand_in(name: str, **values: Any) -> None:
    module = types.ModuleType(name)
    vars(module).update(values)
    sys.modules[name] = module
