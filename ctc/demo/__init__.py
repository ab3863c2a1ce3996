"""Synthetic camera-trap photos, and a tour of the whole pipeline on them."""
