"""Error curves as charts for pages and reports, and one code as a plotly figure. No st calls."""

from collections.abc import Iterable, Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd
import plotly.graph_objects as go

from core.latent.geometry import Array
from core.reports.charts import Axis, Chart, Series, Upright
from pages.ui.figures import styles, theme
from pages.ui.figures.theme import Style

Scores = npt.NDArray[np.float64]


def error_chart(
    sigmas: Scores, curves: Mapping[str, Scores], sigma: float, drawn: Mapping[str, Style]
) -> Chart:
    """Error against noise, a line for each model, and a vertical line at the sigma that is shown.

    sigmas: (S,).  curves: name -> (S,) MSE.  drawn: name -> style, none of references.
    """
    hover = "σ = {x:.2f}, MSE {y:.4g}"
    reference = Style(theme.REFERENCE, "dot")
    styled = {name: drawn.get(name, reference) for name in curves}
    series = (
        Series(name, sigmas, mse, styled[name].colour, dash=styled[name].dash, hover=hover)
        for name, mse in curves.items()
    )
    return Chart(
        Axis("noise σ", low=float(sigmas[0]), high=float(sigmas[-1])),
        Axis("MSE against the original", low=0),
        tuple(series),
        "Mean squared error against the noise, a line a model",
        at=Upright(sigma, f"σ = {sigma:.2f}", theme.LIGHT["original"]),
    )


def size_chart(table: pd.DataFrame) -> Chart:
    """Test error against D', both logarithmic: a point for each model, a line through the best.

    table: of core.robustness.sizes.table.
    """
    drawn, series = styles.of_families(table["family"]), list[Series]()
    for name, rows in table.groupby("family", sort=False):
        family, colour = str(name), drawn[str(name)].colour
        x, y = _of_sizes(rows[rows["best"]].drop_duplicates("latent_dim"))
        series.append(Series(family, x, y, colour, dash=drawn[family].dash))
        x, y = _of_sizes(rows)
        names, hover = tuple(map(str, rows["name"])), "D' = {x}, MSE {y:.4g}"
        dots = Series("", x, y, colour, kind="dots", size=9, hover=hover, texts=names)
        series.append(dots)
    return Chart(
        Axis("D', size of the code", log=True, ticks=_whole_ticks(table["latent_dim"])),
        Axis("test MSE (pixels 0 to 1)", log=True, ticks=MSE_TICKS),
        tuple(series),
        "Test error against the size of the code, a line a family",
    )


def _of_sizes(rows: pd.DataFrame) -> tuple[Scores, Scores]:
    return rows["latent_dim"].to_numpy(float), rows["mse"].to_numpy(float)


def _whole_ticks(values: Iterable[int]) -> dict[float, str]:
    return {float(value): str(value) for value in sorted(set(values))}


MSE_TICKS = {
    step * 10.0**power: f"{step * 10.0**power:g}" for power in range(-6, 1) for step in (1, 2, 5)
}


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
