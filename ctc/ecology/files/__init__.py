"""Files of a summary that other programs read."""
