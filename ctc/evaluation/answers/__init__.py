"""Predictions joined with ground truth: the input of every metric."""
