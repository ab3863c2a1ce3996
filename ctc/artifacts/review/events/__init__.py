"""Events of a review store: their rows, and where their photos are."""
