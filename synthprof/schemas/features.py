"""The ways to turn a column into a value of the feature vector."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Scaled:
    """(value - low) / (high - low), clipped to [0, 1]; for a flag, the value itself."""

    low: int
    high: int


@dataclass(frozen=True)
class Indexed:
    """Index of the category over the number of categories."""


@dataclass(frozen=True)
class Counted:
    """Number of items of a list over `most`, clipped to [0, 1]."""

    most: int


@dataclass(frozen=True)
class Measured:
    """Length of a text in characters over `most`, clipped to [0, 1]."""

    most: int


Feature = Scaled | Indexed | Counted | Measured


@dataclass(frozen=True)
class TanhRatio:
    """tanh(numerator / denominator), and 1 where the denominator is 0."""

    numerator: str
    denominator: str

    @property
    def name(self) -> str:
        """The name of the feature."""
        return f"tanh({self.numerator}/{self.denominator})"
