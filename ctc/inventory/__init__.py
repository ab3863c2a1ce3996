"""Stage 1: build an inventory from labels and photos."""
