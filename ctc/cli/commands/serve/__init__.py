"""`ctc serve`."""
