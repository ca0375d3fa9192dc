"""Encoders that ask a service or a model; a run resumes row by row."""
