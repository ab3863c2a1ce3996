"""Heads fitted on frozen features: logistic regression and its penalty."""
