"""Code space as a map: projections to two dimensions, walks, and how far neighbours are kept."""
