"""Features in words, for people who read of a schema."""

from synthprof.schemas.features import (
    Counted,
    Cyclic,
    DatePart,
    Elements,
    Feature,
    Flagged,
    Frequency,
    Hashed,
    Indexed,
    Logged,
    Measured,
    OneHot,
    Scaled,
    Since,
    Standardised,
)
from synthprof.schemas.spans import shown


def told(feature: Feature | None) -> str:  # noqa: C901  one branch per kind
    """Return the feature in a few words, for a table of a document."""
    match feature:
        case None:
            return ""
        case Scaled(low=0, high=1) | Flagged():
            return "the flag itself"
        case Scaled(low=low, high=high):
            return f"(value − {shown(low)}) / {shown(high - low)}, clipped to [0, 1]"
        case Indexed():
            return "index of the category over the number of categories"
        case Counted(most=most):
            return f"number of items / {most}"
        case Measured(most=most):
            return f"length in characters / {most}, clipped to [0, 1]"
        case Logged(low=low, high=high):
            return f"logarithm of the value from {shown(low)} to {shown(high)}, clipped to [0, 1]"
        case Standardised(mean=mean, deviation=deviation, clip=clip):
            return f"(value − {shown(mean)}) / {shown(deviation)}, cut at ±{shown(clip)} and laid on [0, 1]"
        case Cyclic(of=of):
            return f"cosine and sine of the {of.replace('_', ' ')} in its round, laid on [0, 1]"
        case DatePart(of=of):
            return f"{of.replace('_', ' ')} from {feature.bounds[0]} to {feature.bounds[1]}, laid on [0, 1]"
        case Since(first=first):
            return f"days since {first} / {feature.days}, clipped to [0, 1]"
        case OneHot():
            return "1 at the position of the category"
        case Elements():
            return "1 at the position of each item"
        case Hashed(size=size):
            return f"1 at one of {size} positions, by a hash"
        case Frequency():
            return "share of the value by the column's own odds"
