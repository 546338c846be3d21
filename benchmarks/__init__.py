"""Every claim of the README on speed or quality, one command each.

`python -m benchmarks` prints those on speed as one table.
"""

import core  # noqa: F401  # first of all, for what it says to ONNX Runtime
