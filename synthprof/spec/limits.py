"""Limits that forms, server and command line share, without loading the modules that apply them."""

MAX_POINTS = 100_000
"""Rows on the map."""

MAX_SHOWN = 1_000
"""Children of a profile that are given out at once."""

MAX_TEXT = 2_000
"""Characters of a search text: several times a profile's description."""

MAX_CONDITIONS = 20
"""Conditions of one search."""

MAX_CHARACTERS = 200
"""Characters of one condition."""

MAX_THUMBNAILS = 1_000_000
"""Pictures of a data set that have a thumbnail: the first ones."""

FEW_BLOCKS = 4
"""Blocks that `verify` makes again unless all are requested."""

LARGEST_INTEGER = 2**53 - 1
"""The largest integer that every reader of JSON distinguishes from the next one."""

LARGEST_PORT = 65_535
"""The last port of TCP."""
