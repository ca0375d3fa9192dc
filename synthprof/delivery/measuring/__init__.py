"""Recall and speed of a target on a workload."""
