"""When animals are active: densities on the circle of the day, their overlap, sun time."""
