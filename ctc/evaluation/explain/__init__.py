"""Saliency maps: which pixels a prediction depends on."""
