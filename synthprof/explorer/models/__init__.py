"""Models of the HTTP API, by view: its answers and the bodies of its requests."""
