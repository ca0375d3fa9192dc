"""What leaves a version: exports, workloads with exact answers, loaders, measurements, cards."""
