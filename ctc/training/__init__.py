"""Stage 3: shards become a run folder."""
