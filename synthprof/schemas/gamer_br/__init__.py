"""Schema `gamer_br`: people in Brazil who play games.

columns.toml declares the columns, archetypes.toml the kinds of player, phrases.toml the description; the CSV
files are the catalogue. Each file names its sources.
"""
