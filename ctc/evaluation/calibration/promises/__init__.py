"""Promises fitted on validated events: thresholds, ranks, sets, blanks."""
