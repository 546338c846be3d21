"""The Learn page's figures: data to plotly. No st calls."""

import numpy as np
import numpy.typing as npt
import pandas as pd
import plotly.graph_objects as go

from pages.ui.figures import theme
from pages.ui.figures.text import hover_text

Scores = npt.NDArray[np.float64]
MARGIN = {"l": 8, "r": 8, "t": 8, "b": 8}
ABOVE = {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0}
N_BINS = 50
NAMED = 8  # points; names of more points would overlap


def angles(found: Scores, random: Scores) -> go.Figure:
    """Principal angles of two subspaces, beside those of two random ones: (k,) each, degrees."""
    at = np.arange(1, len(found) + 1)
    figure = go.Figure()
    for values, name, colour in (
        (random, "two random subspaces", theme.LIGHT["original"]),
        (found, "the network's and PCA's", theme.LIGHT["reconstructed"]),
    ):
        figure.add_scatter(
            x=at,
            y=values,
            mode="lines+markers",
            name=name,
            line={"color": colour, "width": 2},
            hovertemplate="%{y:.2f}°<extra>" + name + "</extra>",
        )
    figure.update_xaxes(title_text="principal angle, the smallest first")
    figure.update_yaxes(title_text="degrees", range=[-3, 93], dtick=30)
    return figure.update_layout(height=240, margin=MARGIN, legend=ABOVE)


def gains(table: pd.DataFrame) -> go.Figure:
    """PCA's error divided by that of each network, against D'.

    table: of core.robustness.sizes.table, only networks with a PCA of their size, and a column
    layers. Lines join networks of one family with the same layers: only these are comparable.
    """
    sizes = sorted(set(table["latent_dim"].tolist()))
    mode = "lines+markers+text" if len(table) <= NAMED else "lines+markers"
    figure = go.Figure()
    for i, ((_, layers), rows) in enumerate(table.groupby(["family", "layers"], sort=False)):
        colour = theme.style(i).colour
        figure.add_scatter(
            x=rows["latent_dim"].to_numpy(),
            y=rows["gain"].to_numpy(),
            mode=mode,
            textposition=["top right" if k == sizes[0] else "top left" for k in rows["latent_dim"]],
            cliponaxis=False,
            line={"color": colour, "width": 2},
            marker={"color": colour, "size": 10},
            name=str(layers).removeprefix("hidden layers "),
            text=[hover_text(name) for name in rows["name"]],
            hovertemplate="%{text}<br>D' = %{x}: %{y:.2f}<extra></extra>",
        )
    figure.add_hline(y=1, line_dash="dot", line_color=theme.LIGHT["original"])
    beside = {"x": 1, "xref": "paper", "xanchor": "left", "y": 1}  # where there are no points
    figure.add_annotation(**beside, text="PCA", showarrow=False)
    figure.update_xaxes(
        title_text="D', size of the code", type="log", tickvals=sizes, ticktext=sizes
    )
    top = 1.2 * max(1.0, float(table["gain"].max()))
    figure.update_yaxes(title_text="PCA's error / the network's", range=[0, top])
    legend = ABOVE | {"title": {"text": "Hidden layers", "side": "top"}}
    return figure.update_layout(height=330, margin=MARGIN | {"r": 40}, legend=legend)


def error_histogram(known: Scores, strange: Scores, name: str, value: float) -> go.Figure:
    """Histograms of the errors of known and of strange images, with the error of one image.

    known, strange: (n,) and (m,).  name: of the strange images.  value: MSE of the one image.
    """
    together = np.concatenate([known, strange, [value]])
    borders = np.geomspace(max(together.min(), 1e-9), max(together.max(), 2e-9), N_BINS + 1)
    figure = go.Figure()
    for values, title, colour in (
        (known, "digits of known classes", theme.LIGHT["original"]),
        (strange, name, theme.LIGHT["outlier"]),
    ):
        share = np.histogram(values, borders)[0] / max(len(values), 1)
        figure.add_bar(
            x=np.sqrt(borders[:-1] * borders[1:]),
            y=100 * share,
            width=np.diff(borders),
            marker={"color": colour, "opacity": 0.6, "line_width": 0},
            name=f"{title} ({len(values):,})",
            hovertemplate="MSE %{x:.3g}: %{y:.1f} %<extra>" + hover_text(title) + "</extra>",
        )
    figure.add_vline(x=value, line_width=3, line_color=theme.LIGHT["reconstructed"])
    ticks = [step * 10.0**power for power in range(-6, 1) for step in (1, 2, 5)]
    figure.update_xaxes(title_text="error (MSE, logarithmic)", type="log")
    figure.update_xaxes(tickvals=ticks, ticktext=[f"{tick:g}" for tick in ticks])
    figure.update_yaxes(title_text="% of the images")
    return figure.update_layout(height=300, margin=MARGIN, legend=ABOVE, barmode="overlay")
