"""Facts of cameras that several stages need: their folders, and what was wrong with clocks."""
