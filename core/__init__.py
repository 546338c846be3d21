"""Hourglass without its user interface: data, models, training, scoring.

Imports no Streamlit, prints nothing, draws nothing.
"""

import os

# Otherwise ONNX Runtime sends usage reports to its vendor, with an identifier of this machine. It
# reads this variable when it is first imported, always after core; child processes inherit it.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
