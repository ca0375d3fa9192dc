"""Encoders: rows and texts to embeddings."""
