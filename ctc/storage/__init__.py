"""File access: atomic writes, CSV, JSON, TFRecord framing, paths and URLs, cache, locks."""
