"""Loading of predictions into a review store."""
