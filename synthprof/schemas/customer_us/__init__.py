"""Schema `customer_us`: customers of an online shop in the USA, and their orders.

schema.toml declares the columns and the kinds of customer, phrases.toml the description; the CSV
files are the catalogue. Each file names its sources.
"""
