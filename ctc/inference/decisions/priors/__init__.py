"""Priors: how common classes are at a place."""
