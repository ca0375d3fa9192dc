"""Schema `gamer_br`: people in Brazil who play games.

schema.toml declares the columns and the kinds of player, phrases.toml the description; the CSV
files are the catalogue. Each file names its sources.
"""
