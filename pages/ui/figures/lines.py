"""Plotly figures of error curves and of codes. No st calls."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import plotly.graph_objects as go

from core.latent.geometry import Array
from pages.ui.figures import styles, theme
from pages.ui.figures.text import hover_text
from pages.ui.figures.theme import Style

Scores = npt.NDArray[np.float64]


def error_curves(
    sigmas: Scores, curves: Mapping[str, Scores], sigma: float, drawn: Mapping[str, Style]
) -> go.Figure:
    """Error against noise, a line for each model, and a vertical line at the sigma that is shown.

    sigmas: (S,).  curves: name -> (S,) MSE.  drawn: name -> style.
    """
    figure = go.Figure()
    for name, mse in curves.items():
        line = line_of(drawn[name])
        hover = "σ = %{x:.2f}, MSE %{y:.4g}"
        figure.add_scatter(x=sigmas, y=mse, mode="lines", name=name, line=line, hovertemplate=hover)
    figure.add_vline(x=sigma, line_width=1, line_color=theme.LIGHT["original"])
    figure.update_xaxes(title_text="noise σ", range=[sigmas[0], sigmas[-1]])
    figure.update_yaxes(title_text="MSE against the original", rangemode="tozero")
    figure.update_layout(
        height=240,
        margin={"l": 8, "r": 8, "t": 8, "b": 8},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
    )
    return figure


def line_of(style: Style) -> dict[str, Any]:
    """The line of a style as arguments of plotly."""
    return {"color": style.colour, "dash": style.dash, "width": 2}


def size_curves(table: pd.DataFrame) -> go.Figure:
    """Test error against D', both logarithmic: a point for each model, a line through the best.

    table: of core.robustness.sizes.table.
    """
    figure = go.Figure()
    drawn = styles.of_families(table["family"])
    for family, rows in table.groupby("family", sort=False):
        style = drawn[str(family)]
        best = rows[rows["best"]].drop_duplicates("latent_dim")
        lines = {"mode": "lines", "line": line_of(style), "name": str(family), "hoverinfo": "skip"}
        figure.add_scatter(x=best["latent_dim"].to_numpy(), y=best["mse"].to_numpy(), **lines)
        figure.add_scatter(
            x=rows["latent_dim"].to_numpy(),
            y=rows["mse"].to_numpy(),
            mode="markers",
            marker={"color": style.colour, "size": 9},
            showlegend=False,
            text=[hover_text(name) for name in rows["name"]],
            hovertemplate="%{text}<br>D' = %{x}, MSE %{y:.4g}<extra></extra>",
        )
    sizes = sorted(set(table["latent_dim"].tolist()))
    figure.update_xaxes(
        title_text="D', size of the code", type="log", tickvals=sizes, ticktext=sizes
    )
    ticks = [step * 10.0**power for power in range(-6, 1) for step in (1, 2, 5)]
    figure.update_yaxes(title_text="test MSE (pixels 0 to 1)", type="log")
    figure.update_yaxes(tickvals=ticks, ticktext=[f"{tick:g}" for tick in ticks])
    return figure.update_layout(
        height=360,
        margin={"l": 8, "r": 8, "t": 8, "b": 8},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
    )


# The numbers of one code, beside their range over all images.

BARS = 128  # longer codes are drawn as a line
RANGE = (0.05, 0.95)


def code_figure(code: Array, z: Array) -> go.Figure:
    """One code as bars, in front of the 5 to 95 % range of each number over all images.

    code: (k,).  z: (n, k), codes of all images.
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
        hovertemplate="number %{x}: 90 % of the images from %{base:.2f}<extra></extra>",
    )
    line = {"color": theme.LIGHT["reconstructed"]}
    hover = "number %{x}: %{y:.3f}<extra></extra>"
    if len(code) > BARS:
        drawn.add_scatter(x=at, y=code, mode="lines", line=line, name="this image")
    else:
        drawn.add_bar(x=at, y=code, width=0.4, marker=line, name="this image")
    drawn.data[-1].hovertemplate = hover
    drawn.update_xaxes(
        title_text="index of the number in the code", dtick=1 if len(code) <= 16 else None
    )
    drawn.update_yaxes(title_text="value, no unit")
    drawn.update_layout(
        barmode="overlay",
        height=220,
        margin={"l": 8, "r": 8, "t": 8, "b": 8},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
    )
    return drawn
