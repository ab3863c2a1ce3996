"""Loaded models, hot reload and dynamic batching."""
