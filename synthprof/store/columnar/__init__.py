"""Part files of a version: Parquet tables and NumPy arrays, which processes write beside each other."""
