"""`ctc inventory` and its subcommands."""
