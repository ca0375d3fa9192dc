"""Formats that other programs read, each a module, and the job that writes one."""
