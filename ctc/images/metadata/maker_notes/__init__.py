"""Maker notes: what a manufacturer writes into photos in a layout of its own."""
