"""Renderings of a version: pure functions of its contents."""
