"""Databases and search engines, each a module that is loaded when its scheme is asked for."""
