"""Samplers: the drawing of each model in `schemas/draw_kinds`, columns at a time.

`every` has all of them; a process that draws by none of them does not load it.
"""
