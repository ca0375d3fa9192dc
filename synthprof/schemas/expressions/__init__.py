"""Expressions of columns: a closed language of its own, read into trees whose types are known."""
