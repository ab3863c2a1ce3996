"""Lists of events for a person to look at: likely label errors, events to label next."""
