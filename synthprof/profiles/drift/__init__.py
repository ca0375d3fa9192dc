"""Drift between nights: a schema as later nights draw by it, and the truth of what drifted."""
