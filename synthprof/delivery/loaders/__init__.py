"""Databases and search engines that take the rows of a version."""
