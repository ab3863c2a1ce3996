"""Detection: photos to boxes."""
