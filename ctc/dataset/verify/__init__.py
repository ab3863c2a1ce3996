"""Check a finished dataset against its manifest, shard by shard and record by record."""
