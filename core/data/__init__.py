"""The catalogue of data sets: the named ones, and a person's own."""
