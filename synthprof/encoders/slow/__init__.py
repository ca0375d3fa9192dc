"""Encoders that ask a service or a model, row by row resumable."""
