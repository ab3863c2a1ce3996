"""Engines: where work is executed."""
