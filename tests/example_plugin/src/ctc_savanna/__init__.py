"""What the savanna programme adds to ctc, a module for each kind of plugin."""
