"""Models and results for other programs: files, and what a browser needs to run a model."""
