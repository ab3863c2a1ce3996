"""Aggregations: from photos to events."""
