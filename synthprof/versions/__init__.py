"""Published versions, read only."""
