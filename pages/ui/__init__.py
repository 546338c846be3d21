"""What the pages share. Besides app.py and the pages the only place that knows Streamlit."""

import core  # noqa: F401  # first of all, for what it says to ONNX Runtime
