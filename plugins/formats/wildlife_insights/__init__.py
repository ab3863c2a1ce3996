"""Input format of Wildlife Insights: the tables of a download."""
