"""`ctc train`."""
