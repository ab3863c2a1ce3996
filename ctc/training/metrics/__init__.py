"""Metric sums of an epoch, and the history file."""
