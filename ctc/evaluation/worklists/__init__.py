"""Lists of events for review: likely label errors, and events to label next."""
