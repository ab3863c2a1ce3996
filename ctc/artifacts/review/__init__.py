"""The review store: events, a person's answers to them, and who gave which when."""
