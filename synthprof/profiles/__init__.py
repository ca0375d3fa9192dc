"""Profiles from a schema: pure functions of the spec."""
