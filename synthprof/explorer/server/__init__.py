"""The explorer's HTTP server: light, loads no NumPy."""
