"""Output of the command line: messages, progress bars, JSON log, tables."""
