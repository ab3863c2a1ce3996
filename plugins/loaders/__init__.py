"""Loaders: from a dataset to batches."""
