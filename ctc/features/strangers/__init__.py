"""Strangers: how far a photo is from all that was learnt, and when that is too far."""
