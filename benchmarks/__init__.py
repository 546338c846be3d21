"""Every claim of the README on speed or quality, one command each; `python -m benchmarks` runs them
all.
"""
