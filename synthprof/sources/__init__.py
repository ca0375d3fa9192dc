"""Texts read from a source: an SQLite file, a Parquet file or a folder of text files."""
