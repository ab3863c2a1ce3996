"""Stage 3: train a network on a dataset and write a run folder."""
