"""Units of measure."""

MIB = 1 << 20
"""Bytes of a mebibyte."""
