"""Calibration and per-class thresholds: fitting, and writing into a model file."""
