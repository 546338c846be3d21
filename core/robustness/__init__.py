"""Error against noise: curves, crossings, copying, the size of the code."""
