"""The figure of a study: a metric against what varies, with the spread over seeds.

One chart for each noise that the models were tested with.
"""

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from core.config import OptionError
from core.reports.charts import DASHES, PALETTE, Axis, Band, Chart, Dash, Series
from core.reports.svg import HEIGHT, LEGEND_LINE, WIDTH, svg
from core.studies.results import METRICS, SETTING_COLUMNS, TESTED

SPREAD = "Lines are means over the seeds; the bands reach from the lowest to the highest."
TITLES = {
    "latent_dim": "D', size of the code",
    "noise_std": "noise in training σ",
    "test_noise_std": "noise on the test images σ",
    "n_train": "training images",
    "epochs": "epochs",
    "learning_rate": "learning rate",
    "batch_size": "batch size",
    "mse": "test MSE (pixels 0 to 1)",
    "psnr": "PSNR, dB",
    "ssim": "SSIM",
    "mse_excluded": "MSE of the classes left out",
    "auroc_excluded": "AUROC of the classes left out, by their error",
}
ON_LOG = ("latent_dim", "n_train", "epochs", "learning_rate", "batch_size", "mse", "mse_excluded")
NUMBERS = ("latent_dim", "n_train", "noise_std", "epochs", "learning_rate", "batch_size")
REPEATED = ("seed", "test_seed")  # what only repeats
MOST_LINES = 4 * len(PALETTE)
TITLE_ROOM = 30


def varying(table: pd.DataFrame) -> tuple[str, ...]:
    """The settings that differ between models, seeds left out."""
    names = [name for name in SETTING_COLUMNS if name in table and name not in REPEATED]
    return tuple(name for name in names if table[name].nunique(dropna=False) > 1)


def charts(table: pd.DataFrame, x: str = "", y: str = "") -> dict[str, Chart]:
    """The charts by their titles; none if nothing is measured yet.

    table: of core.studies.results.table.  x: a setting, "" for the number that varies most.
    y: a metric, "" for the test error.
    Raises OptionError for a column that the table has not.
    """
    y = y or "mse"
    if y not in METRICS:
        raise OptionError(f"There is no metric {ascii(y)[:60]}: choose of {', '.join(METRICS)}.")
    x = x or _chosen(table)
    if x not in (*SETTING_COLUMNS, *TESTED):
        raise OptionError(f"A figure cannot be drawn against {ascii(x)[:60]}: it is no setting.")
    table = table[table[y].notna()] if len(table) else table
    if not len(table) or x not in table:
        return {}
    if x == "test_noise_std":
        facets: list[str] = ["test_noise_kind"]
        noisy = table["test_noise_kind"].notna()
        kinds = table.loc[noisy, "test_noise_kind"].unique()
        clean = [table[~noisy].assign(test_noise_kind=kind) for kind in kinds]
        table = pd.concat([table[noisy], *clean]) if len(kinds) else table
    else:
        facets = ["test_noise_kind", "test_noise_std"]
    lines = [name for name in varying(table) if name != x]
    named = table[list(lines)].apply(lambda row: ", ".join(map(_told, lines, row)), axis=1)
    table = table.assign(line=named if lines else "models")
    styles = _styles(table["line"])
    return {
        _told_noise(facets, key): _chart(part, x, y, styles)
        for key, part in table.groupby(facets, dropna=False, sort=False)
    }


def _styles(names: "pd.Series[Any]") -> dict[str, tuple[str, Dash]]:
    """Colour and dash of each line, the same in all charts; of MOST_LINES at most."""
    found = list(dict.fromkeys(names))[:MOST_LINES]
    n = len(PALETTE)
    return {name: (PALETTE[i % n], DASHES[i // 2 % len(DASHES)]) for i, name in enumerate(found)}


def whole(drawn: dict[str, Chart], title: str) -> str:
    """All charts below each other as one SVG file that stands alone."""
    parts, top = [], TITLE_ROOM
    for name, chart in drawn.items():
        rows = max(1, sum(bool(one.name) for one in chart.series))
        height = HEIGHT + rows * LEGEND_LINE
        one = svg(chart)
        if found := re.match(r'<svg viewBox="0 0 \d+ (\d+)"', one):
            height = int(found[1])
        parts.append(
            f'<text x="{WIDTH / 2}" y="{top + 14}" text-anchor="middle">{_safe(name)}</text>'
        )
        placed = f'<svg x="0" y="{top + 22}" width="{WIDTH}" height="{height}" '
        parts.append(one.replace("<svg ", placed, 1))
        top += height + 40
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {top + 24}" width="{WIDTH}"'
        f' height="{top + 24}" font-family="system-ui, sans-serif" color="black" fill="black">'
        f'<rect width="100%" height="100%" fill="white"/>'
        f'<text x="{WIDTH / 2}" y="20" text-anchor="middle" font-weight="600">{_safe(title)}</text>'
        f"{''.join(parts)}"
        f'<text x="{WIDTH / 2}" y="{top + 10}" text-anchor="middle" font-size="12">'
        f"{SPREAD}</text></svg>"
    )


def _safe(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _chosen(table: pd.DataFrame) -> str:
    """What to draw against: the number with most values; else another setting that varies."""
    candidates = ("test_noise_std", *NUMBERS)
    counts = {name: table[name].nunique() for name in candidates if name in table}
    counts["test_noise_std"] -= 1  # clean images are always among them
    best = max(reversed(NUMBERS), key=lambda name: counts.get(name, 0))
    if counts.get("test_noise_std", 0) > max(2, counts.get(best, 0)):
        best = "test_noise_std"
    if counts.get(best, 0) > 1:
        return best
    return next(iter(varying(table)), "latent_dim")


def _told_noise(facets: Sequence[str], key: tuple[Any, ...]) -> str:
    said = dict(zip(facets, key, strict=True))
    kind = said["test_noise_kind"]
    if pd.isna(kind):
        return "tested on clean images"
    words = str(kind).replace("_", " ")
    amount = said.get("test_noise_std")
    return f"tested with {words} noise" + ("" if amount is None else f", σ = {amount:g}")


def _chart(table: pd.DataFrame, x: str, y: str, styles: dict[str, tuple[str, Dash]]) -> Chart:
    places = _places(table[x])
    series = [
        _line(
            part,
            (x, y),
            places,
            Series(str(name), _NONE, _NONE, styles[str(name)][0], dash=styles[str(name)][1]),
        )
        for name, part in table.groupby("line", sort=False)
        if name in styles
    ]
    ticks = {at: label for label, at in places.items()} if _is_text(table[x]) else None
    if ticks is None and len(places) <= 12:
        ticks = {float(label): f"{float(label):g}" for label in places}
    return Chart(
        Axis(TITLES.get(x, x.replace("_", " ")), log=x in ON_LOG and min(places.values()) > 0,
             ticks=ticks),
        Axis(TITLES.get(y, y.replace("_", " ")), log=y in ON_LOG),
        tuple(series),
        f"{TITLES.get(y, y)} against {TITLES.get(x, x)}, a line for each combination",
    )  # fmt: skip


_NONE = np.zeros(0)


def _line(
    part: pd.DataFrame, axes: tuple[str, str], places: dict[str, float], like: Series
) -> Series:
    """The mean over seeds at each place, in a band from the lowest to the highest."""
    x, y = axes
    at = part[x].map(lambda value: places[_label(value)]).astype(float)
    by = part[y].astype(float).groupby(at)
    mean, low, high = by.mean(), by.min(), by.max()
    band = Band(low.to_numpy(), high.to_numpy()) if len(mean) > 1 else None
    return Series(
        like.name, mean.index.to_numpy(float), mean.to_numpy(), like.colour, dash=like.dash,
        band=band, marked=True, hover="{x:g}: {y:.4g}",
    )  # fmt: skip


def _places(values: "pd.Series[Any]") -> dict[str, float]:
    """Where each value stands on the axis, by its label: numbers where they are."""
    known = list(dict.fromkeys(map(_label, values)))
    if _is_text(values):
        return {label: float(i) for i, label in enumerate(known)}
    return {label: float(label) for label in sorted(known, key=float)}


def _is_text(values: "pd.Series[Any]") -> bool:
    return not pd.api.types.is_numeric_dtype(values) or bool(values.isna().any())


def _label(value: Any) -> str:
    return "none" if pd.isna(value) else str(value)


def _told(name: str, value: Any) -> str:
    """A setting and its value in a legend."""
    label = _label(value)
    if isinstance(value, float | np.floating) and label != "none":
        label = f"{value:g}"
    match name:
        case "arch" | "dataset":
            return label
        case "noise_kind":
            return "no noise" if label == "none" else label.replace("_", " ")
        case "latent_dim":
            return f"D' = {label}"
        case "noise_std":
            return f"σ = {label}"
    return f"{name.replace('_', ' ')} {label}"
