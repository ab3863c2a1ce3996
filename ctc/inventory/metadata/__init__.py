"""Times and places of events, from columns and photos."""
