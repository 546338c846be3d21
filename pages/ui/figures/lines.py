"""Data to plotly figures. No st calls."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import plotly.graph_objects as go

from pages.ui.figures import styles, theme
from pages.ui.figures.text import hover_text
from pages.ui.figures.theme import Style

Scores = npt.NDArray[np.float64]


def error_curves(
    sigmas: Scores, curves: Mapping[str, Scores], sigma: float, drawn: Mapping[str, Style]
) -> go.Figure:
    """Error against noise, a line a model, and an upright line at the noise that is shown.

    sigmas: (S,).  curves: name -> (S,) MSE.  drawn: how, by name.
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
    """A line of that style, as plotly takes it."""
    return {"color": style.colour, "dash": style.dash, "width": 2}


def size_curves(table: pd.DataFrame) -> go.Figure:
    """Test error against D', both logarithmic: a point a model, a line through the best of each.

    table: as core.robustness.sizes.table.
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
