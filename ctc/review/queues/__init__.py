"""What to look at first: queues of events, filters, and pages of them."""
