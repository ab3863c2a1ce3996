"""Lists of models, and the models that are here; the format of a list is in docs/models.md."""
