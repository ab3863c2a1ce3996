"""Stage 2: an inventory becomes TFRecord shards."""
