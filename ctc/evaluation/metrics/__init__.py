"""Metrics with confidence intervals, computed from predictions and ground truth."""
