"""Readers of what stands beside or inside a foreign network's file."""
