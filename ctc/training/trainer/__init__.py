"""The training loop: steps, early stopping, checkpoints, interruption."""
