"""Which events go into which split of a dataset."""
