"""The command `ctc serve`."""
