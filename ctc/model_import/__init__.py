"""Import: a foreign network to a model file that describes itself."""
