"""The explorer: a page and an HTTP API for published data sets, inside Airflow or alone.

The server process stays light: it admits callers, checks parameters and relays bytes. Files are read and
results computed in a process of its own (`worker`), which can neither block nor starve the server.
"""
