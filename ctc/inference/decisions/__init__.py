"""Decisions about predicted events, made between the journal and the output."""
