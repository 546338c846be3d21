"""The Latent space page."""
