"""Conditions on many rows at once: rules and the cells of margins, compiled once, asked of each block."""
