"""What the demo's photos show: animals and landscapes, drawn."""
