"""The commands `ctc models` and `ctc models get`."""
