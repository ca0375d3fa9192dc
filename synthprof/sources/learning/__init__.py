"""Schemas learned from tables: marginals, a tree of dependence, and nothing that fewer than k rows share."""
