"""Code space: geometry, projections, walks, embedding metrics, stores of codes."""
