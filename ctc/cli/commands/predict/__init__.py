"""The commands `ctc predict` and `ctc merge`."""
