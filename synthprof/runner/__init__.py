"""Stages made to happen exactly once."""
