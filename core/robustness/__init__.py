"""Robustness: error against noise, crossings of error curves, copying, error against code size."""
