"""Drawn pictures of profiles, changed copies of some, and which are copies of which."""
