"""Queries, filters and their exact answers, made for a version and kept beside it."""
