"""Ways out of a version: exports, workloads with exact answers, loaders, measurements."""
