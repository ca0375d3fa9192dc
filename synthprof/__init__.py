"""Large synthetic data sets of user profiles, reproducible to the byte."""

__version__ = "0.1.0"
