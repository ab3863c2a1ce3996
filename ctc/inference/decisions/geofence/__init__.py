"""Geofences: which classes live at the place of an event."""
