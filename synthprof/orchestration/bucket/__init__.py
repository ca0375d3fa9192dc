"""Data sets in a bucket."""
