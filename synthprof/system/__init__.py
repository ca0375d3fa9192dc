"""This machine and its processes. Empty, since `kernels` must be the first import."""
