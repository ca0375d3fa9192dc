"""The explorer: a page and an HTTP API over what is published, inside Airflow or alone.

The process that serves it stays light: it admits callers, checks bounds and hands bytes on. Whatever reads
files or computes happens in a process of its own (`worker`), which can neither block nor starve the server.
"""
