"""This machine and its processes. The module is empty, as `kernels` must be imported before anything else."""
