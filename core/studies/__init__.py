"""Studies: many trainings from one file, their results as one tidy table, and a figure."""
