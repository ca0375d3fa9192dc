"""The failure of a request to a slow encoder."""

BUSY_CODES = frozenset({408, 409, 425, 429, 502, 503, 504, *range(520, 531)})
"""HTTP's codes, and those of gateways, of a service that takes no request at the moment."""


class Rejected(Exception):
    """A request that failed: its code (0: no answer), and what the service said about the next ones.

    retry_after: seconds to wait that it asked for. limit: the most texts that it takes in a request. partial:
    it answered some of them.
    """

    def __init__(
        self, code: int, reason: str, retry_after: float = 0.0, limit: int = 0, partial: bool = False
    ) -> None:
        super().__init__(reason)
        self.code = code
        self.retry_after = retry_after
        self.limit = limit
        self.partial = partial

    @property
    def busy(self) -> bool:
        """True if the service was busy or unreachable, independent of the texts."""
        return self.code == 0 or self.code in BUSY_CODES
