"""Functions whose results are remembered, and may be given to a process that has not computed them."""

from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Generic, TypeVar, TypeVarTuple

Ts = TypeVarTuple("Ts")
T = TypeVar("T")

MOST = 32
"""Results that are remembered; of more, the one that was computed or given first is forgotten."""


class Remembered(Generic[T, *Ts]):
    """A function of values that can be hashed; each of its results is computed once in a process."""

    def __init__(self, function: Callable[[*Ts], T]) -> None:
        self.__doc__, self.__wrapped__ = function.__doc__, function
        self._found: OrderedDict[Any, T] = OrderedDict()

    def __call__(self, *of: *Ts) -> T:
        """Return the result for these arguments."""
        try:
            return self._found[of]
        except KeyError:
            result = self.__wrapped__(*of)
            self.take(result, *of)
            return result

    def take(self, result: T, *of: *Ts) -> None:
        """Remember the result for these arguments, which an earlier process has computed."""
        self._found[of] = result
        if len(self._found) > MOST:
            self._found.popitem(last=False)
