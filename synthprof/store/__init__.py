"""Storage of data sets: built aside, published whole, never changed."""
