"""HTTP infrastructure: limits, authentication, access log and metrics."""
