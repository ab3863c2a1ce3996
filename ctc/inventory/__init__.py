"""Stage 1: labels and photos become an inventory."""
