"""The user interface: all code that uses Streamlit, besides app.py and the pages."""

import core  # noqa: F401  # first, because it sets variables that ONNX Runtime reads
