"""The sigma panel: original, noisy and reconstructed images that follow a slider."""
