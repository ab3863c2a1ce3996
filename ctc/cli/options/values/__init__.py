"""Types of options' values."""
