"""The order of tests of the runner."""

from typing import Any

PARAMS: dict[str, Any] = {
    "dataset": "small",
    "profiles": 36_000,
    "seed": 5,
    "clusters": 20,
    "kmeans_niter": 5,
}
"""Three blocks, the last one short: enough for every way of cutting the work."""
