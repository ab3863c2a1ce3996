"""`ctc detect` and its subcommands."""
