"""Statistics for clustered data: clusters, intervals, bootstrap, promises tested in turn."""
