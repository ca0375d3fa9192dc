"""Names that people give to data sets and schemas: each is the name of a folder, and never a path."""

NAME_PATTERN = r"^[a-z0-9][a-z0-9_-]{0,62}$(?!\n)"  # `$` alone would let a trailing line feed pass

NAME_HINT = "1 to 63 of a-z, 0-9, _ and -, a letter or digit first"
