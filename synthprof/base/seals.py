"""JSON documents that carry the digest of what they say, so that a changed one is not believed."""

import json
from typing import Self

from pydantic import BaseModel, ConfigDict, Field

from synthprof.base.digests import digest_of


class Sealed(BaseModel):
    """A document whose last member, `seal`, is the digest of the others.

    Within another document it stands without its seal, which the seal of the whole replaces.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    seal: str = Field(default="", exclude=True)

    def sealed(self) -> Self:
        """Return the same document with the digest of what it says."""
        return self.model_copy(update={"seal": self.digest()})

    def digest(self) -> str:
        """Return the digest of what it says, the seal aside, as 32 hexadecimal digits."""
        # over the text as it is read again: JSON has no infinity
        return digest_of(json.loads(self.model_dump_json()))

    def text(self) -> str:
        """Return the contents of the file, character by character."""
        return f'{self.model_dump_json(indent=1)[:-2]},\n "seal": "{self.seal}"\n}}'

    @property
    def is_proven(self) -> bool:
        """True if its seal is that of what it says."""
        return self.seal == self.digest()

    @classmethod
    def opened(cls, content: bytes) -> Self:
        """Return the document in the file. Raises ValueError unless every byte is as it was sealed."""
        found = cls.model_validate_json(content)
        if not found.is_proven or found.text().encode() != content:
            raise ValueError("it was changed since it was sealed")
        return found
