"""Diagnostics of an installation: what is installed, what works, and how fast (`ctc doctor`)."""
