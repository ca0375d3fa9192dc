"""Bounds that forms, server and command line know, though they load nothing of what answers within them."""

MAX_POINTS = 100_000
"""Rows on the map."""

MAX_TEXT = 2_000
"""Characters of a text to search for: several times a profile's description."""

MAX_CONDITIONS = 20
"""More conditions than anyone types; a bound, so that no query grows without one."""

MAX_CHARACTERS = 200
"""Length of one condition."""

FEW_BLOCKS = 4
"""Blocks that are made again to verify a version, unless all are asked for."""

LARGEST_INTEGER = 2**53 - 1
"""Beyond it a script that reads JSON does not tell one integer from the next."""
