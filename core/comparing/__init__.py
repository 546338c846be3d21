"""Models beside each other: crossings of their curves, copying, and error against size."""
