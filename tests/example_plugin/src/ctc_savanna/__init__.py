"""Example plugins of a savanna programme, one module for each kind of plugin."""
