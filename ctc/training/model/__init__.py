"""The network, its losses, optimizer, learning-rate schedule and initial weights."""
