"""Schemas: the columns of a profile, declared as data."""
