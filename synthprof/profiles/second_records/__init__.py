"""Second records of the same rows: which rows they are, and what goes wrong in them."""
