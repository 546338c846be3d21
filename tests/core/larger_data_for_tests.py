"""Where the larger data sets are that some tests want, and that nobody needs to have."""

import os
from pathlib import Path

from core.config import PROJECT

FOLDER = Path(
    os.environ.get("HOURGLASS_TEST_DATA")
    or os.environ.get("HOURGLASS_DATA_ROOT")
    or PROJECT / "data"
)
