"""Evaluation: metrics, calibration, work lists and reports from predictions and ground truth.

`run` evaluates and `run_calibration` calibrates; `config` holds what both take.
"""
