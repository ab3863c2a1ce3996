"""What the command line prints: messages, progress bars, JSON log, number formatting."""
