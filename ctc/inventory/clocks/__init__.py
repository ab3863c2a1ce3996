"""Find clocks of cameras that were wrong, and by how much."""
