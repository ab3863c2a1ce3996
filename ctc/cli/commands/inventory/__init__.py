"""The command `ctc inventory` and its subcommands."""
