"""Append-only files that make prediction runs resumable."""
