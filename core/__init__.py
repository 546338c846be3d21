"""Hourglass without its window: data, models, training, scoring.

Knows no Streamlit, prints nothing, draws nothing.
"""

import os

# Otherwise ONNX Runtime sends its maker reports of its use, and keeps a number by which this
# machine is known. It looks here when it is first imported, which only what imports core does;
# the processes that we start inherit it.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
