"""Data to plotly figures. No st calls."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd
import plotly.graph_objects as go

from pages.ui.chart import DASHES
from pages.ui.text import hover_text

Scores = npt.NDArray[np.float64]
# Paul Tol's "bright" scheme: told apart by colour-blind people too, on light and on dark. Red comes
# last, since it means outlier elsewhere.
QUALITATIVE = ("#4477aa", "#228833", "#aa3377", "#66ccee", "#ccbb44", "#bbbbbb", "#ee6677")


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


def size_curves(table: pd.DataFrame) -> go.Figure:
    """Test error against D', both logarithmic: a point a model, a line through the best of each.

    table: as core.comparing.sizes.table.
    """
    figure = go.Figure()
    for i, (family, rows) in enumerate(table.groupby("family", sort=False)):
        colour = QUALITATIVE[i % len(QUALITATIVE)]
        best = rows[rows["best"]].drop_duplicates("latent_dim")
        line = {"color": colour, "dash": DASHES[i % len(DASHES)], "width": 2}
        lines = {"mode": "lines", "line": line, "name": str(family), "hoverinfo": "skip"}
        figure.add_scatter(x=best["latent_dim"].to_numpy(), y=best["mse"].to_numpy(), **lines)
        figure.add_scatter(
            x=rows["latent_dim"].to_numpy(),
            y=rows["mse"].to_numpy(),
            mode="markers",
            marker={"color": colour, "size": 9},
            showlegend=False,
            text=[hover_text(name) for name in rows["name"]],
            hovertemplate="%{text}<br>D' = %{x}, MSE %{y:.5f}<extra></extra>",
        )
    sizes = sorted(set(table["latent_dim"].tolist()))
    figure.update_xaxes(
        title_text="D', numbers in the code", type="log", tickvals=sizes, ticktext=sizes
    )
    ticks = [step * 10.0**power for power in range(-6, 1) for step in (1, 2, 5)]
    figure.update_yaxes(title_text="test MSE (pixels 0 to 1)", type="log")
    figure.update_yaxes(tickvals=ticks, ticktext=[f"{tick:g}" for tick in ticks])
    return figure.update_layout(
        height=360,
        margin={"l": 8, "r": 8, "t": 8, "b": 8},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
    )
