"""Benchmark of loaders: each in its own process, in turns, with baselines and the upper limit."""
