"""Hourglass without its window: data, models, training, scoring.

Knows no Streamlit, prints nothing, draws nothing.
"""
