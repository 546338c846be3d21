"""The numbers of one code, among those of all images. No st."""

import numpy as np
import plotly.graph_objects as go

from core.latent.geometry import Array
from pages.ui.figures import theme

BARS = 128  # numbers of a code: more are drawn as a line
RANGE = (0.05, 0.95)


def code_figure(code: Array, z: Array) -> go.Figure:
    """One code as bars, and behind it where nine of ten images have each number.

    code: (k,).  z: (n, k) of all images.
    """
    low, high = np.quantile(z, RANGE, axis=0)
    at = np.arange(len(code))
    drawn = go.Figure()
    drawn.add_bar(
        x=at,
        y=high - low,
        base=low,
        width=1.0,
        name="5 to 95 % of the images",
        marker={"color": theme.LIGHT["original"], "opacity": 0.25, "line_width": 0},
        hovertemplate="number %{x}: nine of ten images from %{base:.2f}<extra></extra>",
    )
    line = {"color": theme.LIGHT["reconstructed"]}
    hover = "number %{x}: %{y:.3f}<extra></extra>"
    if len(code) > BARS:
        drawn.add_scatter(x=at, y=code, mode="lines", line=line, name="this image")
    else:
        drawn.add_bar(x=at, y=code, width=0.4, marker=line, name="this image")
    drawn.data[-1].hovertemplate = hover
    drawn.update_xaxes(title_text="which number of the code", dtick=1 if len(code) <= 16 else None)
    drawn.update_yaxes(title_text="value, no unit")
    drawn.update_layout(
        barmode="overlay",
        height=220,
        margin={"l": 8, "r": 8, "t": 8, "b": 8},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
    )
    return drawn
