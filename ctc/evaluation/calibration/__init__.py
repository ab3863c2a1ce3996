"""Fit calibration maps and per-class thresholds, and write them into a model file."""
