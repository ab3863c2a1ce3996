"""The append-only file that makes a prediction run resumable."""
