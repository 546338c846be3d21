"""Code space: its geometry, projections, walks, structure."""
