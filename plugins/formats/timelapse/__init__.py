"""Input format of Timelapse: its CSV export and its database."""
