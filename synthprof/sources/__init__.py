"""Rows from elsewhere: SQLite, Parquet, folders of text files."""
