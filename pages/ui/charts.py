"""Data to plotly figures. No st calls."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

Scores = npt.NDArray[np.float64]
# Paul Tol's "bright" scheme: told apart by colour-blind people too, on light and on dark. Red comes
# last, since it means outlier elsewhere.
QUALITATIVE = ("#4477aa", "#228833", "#aa3377", "#66ccee", "#ccbb44", "#bbbbbb", "#ee6677")
DASHES = ("solid", "dash", "dot", "dashdot")


def error_curves(sigmas: Scores, curves: Mapping[str, Scores], sigma: float) -> go.Figure:
    """Error against noise, a line a model, and an upright line at the noise that is shown.

    sigmas: (S,).  curves: name -> (S,) MSE.
    """
    figure = go.Figure()
    for i, (name, mse) in enumerate(curves.items()):
        line = {
            "color": QUALITATIVE[i % len(QUALITATIVE)],
            "dash": DASHES[i % len(DASHES)],
            "width": 2,
        }
        hover = "σ = %{x:.2f}, MSE %{y:.4f}"
        figure.add_scatter(x=sigmas, y=mse, mode="lines", name=name, line=line, hovertemplate=hover)
    figure.add_vline(x=sigma, line_width=1, line_color="#7a828c")
    figure.update_xaxes(title_text="noise σ", range=[sigmas[0], sigmas[-1]])
    figure.update_yaxes(title_text="MSE against the original", rangemode="tozero")
    figure.update_layout(
        height=240,
        margin={"l": 8, "r": 8, "t": 8, "b": 8},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
    )
    return figure
