"""`ctc predict` and `ctc merge`."""
