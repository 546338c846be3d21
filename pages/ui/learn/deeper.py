"""Step 3: the gain of hidden layers over a PCA of the same code size."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import streamlit as st

from core import metrics
from core.checkpoints import Card
from core.config import CheckpointError
from core.robustness import sizes
from pages.ui import cache
from pages.ui.components.component import Packed
from pages.ui.components.sweep import Cell, Frames, Row, Stat, Still, Sweep, packing
from pages.ui.figures.text import plain
from pages.ui.learn import charts, parts
from pages.ui.learn.parts import GoOn
from pages.ui.noise import controls
from pages.ui.session.registry import ROBUSTNESS

TRAINED_ON = "mnist"
N = 10
Pairs = tuple[tuple[Card, Card], ...]


def draw() -> None:
    """Draw the gains of all networks, and reconstructions by PCA and networks of several sizes."""
    fitting = [card for card in cache.cards() if card.input_shape == parts.digits().shape]
    found = with_layers(sizes.table(sizes.study(fitting, TRAINED_ON)), fitting)
    compared = pairs(fitting, found)
    if not compared:
        raise CheckpointError(
            f"This step needs a network and a PCA of the same code size, trained on {TRAINED_ON}: "
            "`make zoo` trains some."
        )
    networks = found[(found["family"] != "pca") & found["gain"].notna()]
    parts.say(*words(networks))
    st.plotly_chart(charts.gains(networks), key="learn_gains", config={"displayModeBar": False})
    with parts.row_of_controls():
        shuffle = controls.shuffle_button()
    cards = tuple(card for pair in compared for card in pair)
    parts.slider(
        parts.kept_for(cards, "deeper", lambda: _packed(compared, shuffle), shuffle),
        "deeper",
        float(compared[-1][0].latent_dim),
    )
    st.caption(_left_out(found))
    way = parts.on_digits(compared[-1][1], **ROBUSTNESS.open("Size"), trained_on=TRAINED_ON)
    parts.go_on(GoOn("Robustness: error against size", "pages/robustness.py", way))


def layers(card: Card) -> str:
    """The layers between image and code: "hidden layers 512-256", "convolutions 32-64", ..."""
    widths = "-".join(map(str, card.options.get("widths", ())))
    if not widths:
        return "no hidden layers"
    return f"{'convolutions' if card.architecture.name == 'conv' else 'hidden layers'} {widths}"


def with_layers(found: pd.DataFrame, cards: Sequence[Card]) -> pd.DataFrame:
    """Add the column layers, of layers(), to a table of core.robustness.sizes.table."""
    by_name = {card.name: layers(card) for card in cards}
    return found.assign(layers=[by_name[name] for name in found["name"]])


def pairs(cards: Sequence[Card], found: pd.DataFrame) -> Pairs:
    """Pairs of PCA and a comparable network of the same code size, in order of size.

    The networks have the layers that exist in most sizes; if no two sizes have the same layers they
    are the best ones with hidden layers, of the family with most sizes.  found: of with_layers().
    """
    by_name = {card.name: card for card in cards}
    pca = _best(found[found["family"] == "pca"])
    networks = found[(found["family"] != "pca") & found["latent_dim"].isin(pca)]
    if networks.empty:
        return ()
    deep = networks[networks["layers"] != "no hidden layers"]
    some = _of_most_sizes(networks if deep.empty else deep)
    return tuple((by_name[pca[k]], by_name[name]) for k, name in _best(some).items())


def _best(rows: pd.DataFrame) -> dict[int, str]:
    """Name of the best model of each code size, in order of size."""
    by_error = rows.sort_values(["latent_dim", "mse"], ascending=[True, False])
    return dict(zip(by_error["latent_dim"], by_error["name"], strict=True))


def _of_most_sizes(networks: pd.DataFrame) -> pd.DataFrame:
    """The rows of the kind of network that exists in most sizes."""
    for by in (["family", "layers"], ["family"]):
        n_sizes = networks.groupby(by, sort=False)["latent_dim"].transform("nunique")
        if n_sizes.max() > 1:
            break
    most = networks[n_sizes == n_sizes.max()]
    same: pd.DataFrame = most[(most[by] == most[by].iloc[0]).all(axis=1)]
    return same


def words(networks: pd.DataFrame) -> tuple[str, ...]:
    """Sentences: gains by layers at one code size, gains at other sizes, and the conclusion."""
    best = networks.sort_values("gain").groupby(["latent_dim", "layers"]).tail(1)
    n_layers = best.groupby("latent_dim")["layers"].nunique()
    most = int(n_layers[n_layers == n_layers.max()].index.max())
    here = best["latent_dim"] == most
    n = int(networks["n_test"].min())
    first = (
        "PCA can only add up fixed pictures; a network with hidden layers is not linear. Below is "
        f"PCA's error divided by the network's at the same code size D', on {n:,} test images. "
        f"**With the same D' = {most}: {_listed(best[here])}.**"
    )
    others = best[~here].sort_values("latent_dim")
    return (first, _of_others(others), *_growth(best)) if len(others) else (first,)


def _of_others(rows: pd.DataFrame) -> str:
    said = ", ".join(
        f"{row.gain:.2f} with D' = {row.latent_dim} ({row.layers}, `{row.name}`)"
        for row in rows.itertuples(index=False)
    )
    return f"With codes of other sizes: {said}."


def _listed(rows: pd.DataFrame) -> str:
    return ", ".join(
        f"{row.gain:.2f} with {row.layers} (`{row.name}`)" for row in rows.itertuples(index=False)
    )


def _growth(best: pd.DataFrame) -> tuple[str, ...]:
    """Whether the gain grows with the code size, for networks with the same layers."""
    series = [rows.sort_values("latent_dim") for _, rows in best.groupby("layers", sort=False)]
    alike = [rows for rows in series if len(rows) > 1 and "no hidden" not in rows["layers"].iloc[0]]
    if not alike:
        said = "These differ in their layers too, so they do not show the effect of the code size."
        return (said,)
    return tuple(
        f"With {rows['layers'].iloc[0]} the gain "
        f"{'grows' if rows['gain'].is_monotonic_increasing else 'does not always grow'} with the "
        "code."
        for rows in alike
    )


def _left_out(found: pd.DataFrame) -> str:
    names = found[(found["family"] != "pca") & found["gain"].isna()]["name"]
    if not len(names):
        return "All networks here have a PCA of their size beside them."
    return plain(f"Not drawn, because there is no PCA of the same size: {', '.join(names)}.")


def _packed(compared: Pairs, shuffle: int) -> Packed:
    images = parts.some_digits(N, shuffle)
    x = images.pixels()
    rows = [Row("Original", "original", Still(x), captions=True)]
    for label, of in (("PCA", 0), ("Network", 1)):
        drawn = np.stack([cache.autoencoder(pair[of]).reconstruct(x) for pair in compared])
        mse = np.stack([metrics.mse(x, frame) for frame in drawn])
        stat = Stat("MSE of these", mse.mean(axis=1), 4)
        names = tuple(pair[of].name for pair in compared)
        if of:
            names = tuple(f"{pair[of].name}, {layers(pair[of])}" for pair in compared)
        rows.append(
            Row(label, "reconstructed", Frames(drawn), details=names, stats=(stat,), numbers=mse)
        )
    cells = tuple(Cell(str(images.ids[i]), images.label_name(i)) for i in range(len(images)))
    return packing.pack(
        Sweep(
            "Size of the code",
            np.array([pair[0].latent_dim for pair in compared], np.float64),
            cells,
            tuple(rows),
            prefix="D' = ",
            digits=0,
            help="PCA and a network with codes of this size. Drag, or use the arrow keys.",
        )
    )
