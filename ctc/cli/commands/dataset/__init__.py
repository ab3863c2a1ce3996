"""`ctc dataset` and its subcommands."""
