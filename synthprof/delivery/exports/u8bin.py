"""Vectors in 8 bits: `base.u8bin`, `ids.npy` and `scale.json`."""

from synthprof.delivery.exports.quantised import Quantised

FORMAT = Quantised(name="u8bin")
