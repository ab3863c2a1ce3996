"""Stage 2: build TFRecord shards from an inventory."""
