"""The encoder `catalogue`: embeddings that mean something without a download."""
