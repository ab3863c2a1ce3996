"""Heads on frozen features, fitted in seconds."""
