"""What the DAGs, the launcher and the plugin share; importing it brings no numpy, pyarrow or faiss."""
