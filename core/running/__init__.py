"""Background runs: processes, what they write, how they are asked to pause, stop or cancel."""
