"""Slow computations in worker processes: tasks, their results on disk, the pool of workers."""
