"""Output formats: kinds of prediction files."""
