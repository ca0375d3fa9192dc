"""Units."""

MIB = 1 << 20
