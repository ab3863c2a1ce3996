"""A learnt pooling of an event's photos: how much each counts, by its features and its answer."""
