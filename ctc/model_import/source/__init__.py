"""Read the file of a foreign network, whatever it holds, without trusting it."""
