"""Features: embeddings of photos, what is alike, and heads on frozen features."""
