"""Training as a stream of events. PyTorch is imported by what trains, not by what only asks."""
