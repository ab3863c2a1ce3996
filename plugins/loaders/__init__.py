"""Loaders: from dataset to batches."""
