"""The address of a target: a URL whose password stays out of every text that people see."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from synthprof.base.digests import digest_of
from synthprof.base.errors import SpecError
from synthprof.spec.spec import SOURCE_URL

VARIANTS = ("file", "https")
"""Words after the name of a target and `+`: a folder or file of this machine, or HTTP over TLS."""

TABLE = "table"
"""The option that names the table, collection or index; of servers without databases, the path does too."""

SECRET = r"(?i:\w*(?:password|token|key|secret)\w*)"
"""The names of options whose values nobody shall see."""


@dataclass(frozen=True)
class Address:
    """The place that rows go to. `str()` gives the URL with `***` in place of the password.

    scheme: names the target. variant: "", "file" or "https". path: decoded, with its leading slash if there
    is one. options: what follows `?`.

    >>> address = Address.parse("postgresql://ana:secret@db.example/shop?table=people")
    >>> address.host, address.options["table"], str(address)
    ('db.example', 'people', 'postgresql://ana:***@db.example/shop?table=people')
    """

    scheme: str
    variant: str = ""
    user: str = ""
    password: str = field(default="", repr=False)
    host: str = ""
    port: int | None = None
    path: str = ""
    options: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str) -> "Address":
        """Return the address that a URL says. Raises SpecError, which never quotes a password."""
        scheme, parted, _ = text.partition(":")
        if not parted or not re.fullmatch(r"[a-z][a-z0-9]*(\+[a-z]+)?", scheme):
            raise SpecError(
                f"into={hidden(text)} has no scheme; write a URL such as postgresql://host/database or "
                "duckdb:///path/rows.duckdb"
            )
        try:
            parts = urlsplit(text)
            port = parts.port
        except ValueError:
            raise SpecError(
                f"into={hidden(text)} is no URL; write it as scheme://user@host:port/name, with special "
                "characters of a password percent-encoded"
            ) from None
        name, _, variant = scheme.partition("+")
        return cls(
            scheme=name,
            variant=variant,
            user=unquote(parts.username or ""),
            password=unquote(parts.password or ""),
            host=parts.hostname or "",
            port=port,
            path=unquote(parts.path),
            options=dict(parse_qsl(parts.query, keep_blank_values=True)),
        )

    def __str__(self) -> str:
        secret = ":***" if self.password else ""
        user = f"{quote(self.user)}{secret}@" if self.user or secret else ""
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port is None else f":{self.port}"
        options = "&".join(f"{name}={_shown(name, value)}" for name, value in self.options.items())
        slashes = "//" if self.host or self.path.startswith("/") else ""
        scheme = f"{self.scheme}+{self.variant}" if self.variant else self.scheme
        return f"{scheme}:{slashes}{user}{host}{port}{quote(self.path)}{'?' if options else ''}{options}"

    @property
    def file(self) -> Path:
        """The path of a file or folder of this machine. Raises SpecError if the URL names a host, or none."""
        if self.host or not self.path.strip("/"):
            raise SpecError(
                f"into={self} names no path; write {self.scheme}{'+file' if self.variant else ''}:///path, "
                "or leave out the slashes for a path from here"
            )
        return Path(self.path).expanduser().absolute()

    @property
    def last(self) -> str:
        """The last part of the path, empty if there is none."""
        return self.path.strip("/").rpartition("/")[2]

    def key(self, table: str) -> str:
        """Return a name for a table of the target. User and password have no part in it."""
        return f"{self.scheme}-{digest_of([self.scheme, self.host, self.port, self.path, table])[:12]}"

    def without_secret(self, text: str) -> str:
        """Return a text of a client, such as an error, without the password."""
        for secret in {self.password, quote(self.password, safe="")} - {""}:
            text = text.replace(secret, "***")
        return text


def _shown(name: str, value: str) -> str:
    return "***" if re.search(SECRET, name) else quote(value, safe="/,")


def hidden(text: str) -> str:
    """Return a URL that may be wrong, without anything that may be a password.

    >>> hidden("postgresql://ana:secret@host/shop?password=secret")
    'postgresql://***@host/shop?password=***'
    """
    text = re.sub(r"//.*@", "//***@", text)
    return re.sub(rf"({SECRET}=)[^&]*", r"\1***", text)[:200]


def check_no_password(text: str) -> None:
    """Raise SpecError for a URL with a password: it would be seen in lists of processes and in logs."""
    if text.startswith("conn:"):
        return
    if re.search(r"//[^/@?]*:[^@]*@", text) or re.search(f"[?&]{SECRET}=", text):
        raise SpecError(
            f"into={hidden(text)} has a password, which other users of this machine would see; use "
            f"conn:NAME, whose URL is in {SOURCE_URL}NAME or in the Airflow Connection synthprof_NAME"
        )


def address_of(into: str) -> Address:
    """Return the address of a URL, or of `conn:NAME`, whose URL the environment has.

    Raises SpecError for a URL that is wrong and for a connection that is not known.
    """
    if not into.startswith("conn:"):
        return Address.parse(into)
    name = into.removeprefix("conn:")
    variable = SOURCE_URL + name.upper()
    if not re.fullmatch(r"\w{1,60}", name) or not (url := os.environ.get(variable)):
        raise SpecError(
            f"into={into[:80]} is not known; set the variable {variable[:80]} to the target's URL, or make "
            f"the Connection synthprof_{name[:60]} in Airflow"
        )
    return Address.parse(url)
