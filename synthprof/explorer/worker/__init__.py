"""The explorer's process that reads and computes."""
