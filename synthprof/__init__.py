"""Large synthetic data sets of user profiles, reproducible to the byte."""

from synthprof.system.kernels import choose_kernels

__version__ = "0.1.0"

choose_kernels()
