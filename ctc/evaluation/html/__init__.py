"""The report: one HTML file that needs nothing beside it, for people who don't program."""
