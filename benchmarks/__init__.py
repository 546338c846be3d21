"""Every claim of the README on speed or quality, one command each.

`python -m benchmarks` prints those on speed as one table.
"""
