"""The command `ctc dataset` and its subcommands."""
