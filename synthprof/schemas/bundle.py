"""A schema with all that anyone needs of it, as one value that travels with the data."""

import functools
import hashlib
import json
from dataclasses import dataclass, field
from typing import Any

from synthprof.base.errors import SpecError
from synthprof.schemas.canonical import from_plain, to_plain
from synthprof.schemas.duplicates import RecordErrors
from synthprof.schemas.schema import ChildTable, Schema
from synthprof.schemas.tables import wanted_tables
from synthprof.schemas.texts import Texts
from synthprof.schemas.uses import Encoding, View, default_encoding, default_view

SCHEMA_FILE = "schema.json"
"""The canonical text of a bundle in builds and versions of a schema of the user's."""

FORMAT = 1
"""The form of that text; a release that changes it raises the number and reads older ones too."""

SCHEMA_TOML = "schema.toml"
"""The file that a schema's folder must have."""

_COUNTED = ("rules", "margins", "attributes")
"""Keys of a schema or table that say what is counted of its rows."""

_UNASKED = ("name", "source", "population", "rounding")
"""Keys of a margin on which no odds depend."""

_TOLD = ("doc", "title")
"""Keys that only people read, of a column, an archetype or a table: no byte of a profile depends on it."""

_SEARCHED = ("conditions", "bare", "groups", "tongues")
"""Keys that only searches read, of the encoding and the texts: no byte of an embedding depends on them."""


_DIGESTS = (
    *("digest", "drawn_digest", "rules_digest"),
    *("errors_digest", "encoding_digest", "texts_digest"),
)


@dataclass(frozen=True)
class Bundle:
    """A schema: how rows are drawn, and the uses of its columns. None: what follows from the columns.

    errors: of second records, where the schema says what goes wrong in them.

    >>> from synthprof.schemas.loader import load_bundle
    >>> bundle = load_bundle("gamer_br")
    >>> Bundle.of(bundle.text) == bundle
    True
    """

    schema: Schema
    declared_encoding: Encoding | None = None
    declared_view: View | None = None
    texts: Texts = field(default_factory=Texts)
    errors: RecordErrors | None = None

    def __hash__(self) -> int:
        return hash(self.schema)

    def __repr__(self) -> str:
        return f"<Bundle {self.schema.name}>"

    def __getstate__(self) -> dict[str, Any]:
        """Return what a process that finds it kept needs: all digests, without the texts they are made of."""
        for name in _DIGESTS:
            getattr(self, name)
        return {name: value for name, value in self.__dict__.items() if name not in ("text", "_plain")}

    @functools.cached_property
    def encoding(self) -> Encoding:
        """The use of the columns by encoders and searches."""
        return self.declared_encoding or default_encoding(self.schema)

    @functools.cached_property
    def view(self) -> View:
        """The places of the columns on cards, in tables and on the map."""
        return self.declared_view or default_view(self.schema)

    @functools.cached_property
    def text(self) -> str:
        """The canonical text: JSON, from which `of` makes an equal bundle."""
        return _json({"format": FORMAT, **self._plain})

    @functools.cached_property
    def digest(self) -> str:
        """The digest of the canonical text, 32 hexadecimal digits: it changes with all that a schema says."""
        return text_digest(self.text)

    @functools.cached_property
    def drawn_digest(self) -> str:
        """The digest of what decides profiles and feature vectors, 32 hexadecimal digits."""
        profiles = {name: part for name, part in self._plain["schema"].items() if name != "tables"}
        return _digest(_unsaid(profiles) | _asked(profiles))

    def tables_digest(self, wanted: str) -> str:
        """Return the digest of the child tables that are wanted, 32 hexadecimal digits; empty for none.

        wanted: as `schemas.tables.with_tables` takes it.
        """
        chosen = wanted_tables(self.schema, wanted)
        plain = to_plain(chosen, tuple[ChildTable, ...])
        return _digest([_unsaid(table) for table in plain]) if chosen else ""

    @functools.cached_property
    def rules_digest(self) -> str:
        """The digest of the rules and margins, 32 hexadecimal digits; empty where there are none."""
        schema = self._plain["schema"]
        parts = [
            {key: part[key] for key in _COUNTED if key in part}
            for part in (schema, *schema.get("tables", ()))
        ]
        return _digest(parts) if any(parts) else ""

    @functools.cached_property
    def errors_digest(self) -> str:
        """The digest of the errors of second records, 32 hexadecimal digits."""
        return _digest(self._plain.get("errors"))

    @functools.cached_property
    def encoding_digest(self) -> str:
        """The digest of the use of columns by encoders, 32 hexadecimal digits."""
        return _digest(_without(self._plain.get("declared_encoding"), _SEARCHED))

    @functools.cached_property
    def texts_digest(self) -> str:
        """The digest of what words mean in texts that are embedded, 32 hexadecimal digits."""
        return _digest(_without(self._plain.get("texts"), _SEARCHED))

    @functools.cached_property
    def _plain(self) -> dict[str, Any]:
        return to_plain(self, Bundle)  # type: ignore[no-any-return]

    @classmethod
    def of(cls, text: str) -> "Bundle":
        """Return the bundle of a canonical text. Raises SpecError for a text that is none."""
        try:
            plain = json.loads(text)
            if not isinstance(plain, dict) or plain.pop("format", None) != FORMAT:
                raise ValueError(f"its format is not {FORMAT}")
            found = from_plain(plain, cls)
        except (ValueError, TypeError, RecursionError) as error:
            told = " ".join(str(error).split())
            raise SpecError(
                f"{SCHEMA_FILE} holds no schema that this release can read ({told:.200}); read it with the "
                "release that made it"
            ) from error
        return found  # type: ignore[no-any-return]


def text_digest(text: str) -> str:
    """Return the digest of a canonical text, 32 hexadecimal digits."""
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def _unsaid(part: dict[str, Any]) -> dict[str, Any]:
    """Return a schema, table, column or archetype without what people read, at these places alone.

    A value, an item or a phrase may have the same name as such a key.
    """
    kept = {key: each for key, each in part.items() if key not in (*_TOLD, *_COUNTED)}
    parts = ("columns", "archetypes", "hidden")
    inner = {key: [_unsaid(each) for each in kept[key]] for key in parts if key in kept}
    return kept | inner


def _without(part: dict[str, Any] | None, keys: tuple[str, ...]) -> dict[str, Any] | None:
    return part and {key: each for key, each in part.items() if key not in keys}


def _asked(schema: dict[str, Any]) -> dict[str, Any]:
    """Return what the margins of a schema ask of the odds, with the attributes that they name."""
    margins = [
        {key: each for key, each in margin.items() if key not in _UNASKED}
        for margin in schema.get("margins", ())
    ]
    named = " ".join(axis["expression"] for margin in margins for axis in margin["axes"])
    attributes = [
        each for each in schema.get("attributes", ()) if f"{each['column']}.{each['header']}" in named
    ]
    return {"margins": margins, "attributes": attributes} if margins else {}


def _digest(plain: Any) -> str:  # noqa: ANN401
    return text_digest(_json(plain))


def _json(plain: Any) -> str:  # noqa: ANN401
    return json.dumps(plain, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
