"""HTTP itself: errors, request log, limits, middleware, metrics."""
