"""Reading of searches: a text becomes conditions, which filter, and wishes, which rank."""
