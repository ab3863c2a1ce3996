"""Loader `tfdata`: portable, on tf.data; the baseline of the benchmarks."""
