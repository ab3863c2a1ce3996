"""The command `ctc review`."""
