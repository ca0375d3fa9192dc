"""Vectors in 8 bits: `base.i8bin`, `ids.npy` and `scale.json`."""

from synthprof.delivery.exports.quantised import Quantised

FORMAT = Quantised(name="i8bin", signed=True)
