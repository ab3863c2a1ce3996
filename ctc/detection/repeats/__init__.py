"""Repeats: boxes that a detector sees at the same place of a camera's view over and over."""
