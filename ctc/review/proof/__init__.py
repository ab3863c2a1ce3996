"""Proof that predictions are good enough: a random audit whose tests may stop at any time."""
