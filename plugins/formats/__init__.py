"""Input formats: where labelled photos are found."""
