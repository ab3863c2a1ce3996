"""Input formats: sources of labelled photos."""
