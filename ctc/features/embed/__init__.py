"""Photos to embeddings."""
