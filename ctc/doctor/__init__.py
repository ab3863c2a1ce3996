"""What this machine has, what of it works, and how fast: `ctc doctor`."""
