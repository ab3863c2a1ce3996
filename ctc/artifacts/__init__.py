"""Files that stages write and pass to each other: types, paths, serialisation; no algorithms."""
