"""SQLite databases, written whole."""
