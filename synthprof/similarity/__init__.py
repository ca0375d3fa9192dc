"""Clusters, indexes and neighbours: the same bytes with any number of threads."""
