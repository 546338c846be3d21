"""Step 3: what hidden layers gain over PCA with as many numbers."""

import numpy as np
import pandas as pd
import streamlit as st

from core import metrics
from core.checkpoints import Card
from core.comparing import sizes
from core.config import CheckpointError
from pages.ui import cache, packing
from pages.ui.component import Packed
from pages.ui.learn import charts, onwards, parts
from pages.ui.learn.onwards import GoOn
from pages.ui.reconstruct import controls
from pages.ui.sweep import Cell, Frames, Row, Stat, Still, Sweep
from pages.ui.text import plain

TRAINED_ON = "mnist"
N = 10
Pairs = tuple[tuple[Card, Card], ...]


def draw() -> None:
    """Gains of all networks, and pictures of PCA and of the best network of each size."""
    fitting = [card for card in cache.cards() if card.input_shape == parts.digits().shape]
    found = sizes.table(sizes.study(fitting, TRAINED_ON))
    compared = pairs(fitting, found)
    if not compared:
        raise CheckpointError(
            f"This step needs a network and a PCA with as many numbers, trained on {TRAINED_ON}: "
            "`make zoo` trains some."
        )
    networks = found[(found["family"] != "pca") & found["gain"].notna()]
    parts.say(words(networks), depth(fitting, networks))
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
    way = onwards.on_digits(compared[-1][1], robust_view="Size", trained_on=TRAINED_ON)
    onwards.go_on(GoOn("Robustness: error against size", "pages/robustness.py", way))


def pairs(cards: list[Card], found: pd.DataFrame) -> Pairs:
    """PCA and the best network, for each size that has both; small codes first."""
    by_name = {card.name: card for card in cards}
    best = found.sort_values("mse").groupby([found["family"] == "pca", "latent_dim"])["name"]
    names = best.first()
    both = [
        k for k in sorted(set(found["latent_dim"])) if {(True, k), (False, k)} <= set(names.index)
    ]
    return tuple((by_name[names[True, k]], by_name[names[False, k]]) for k in both)


def words(networks: pd.DataFrame) -> str:
    """The best gain of each size, and whether it grows."""
    best = networks.sort_values("gain").groupby("latent_dim").tail(1).sort_values("latent_dim")
    listed = ", ".join(
        f"{gain:.2f} times with D' = {k} (`{name}`)"
        for name, k, gain in best[["name", "latent_dim", "gain"]].itertuples(index=False)
    )
    n = int(networks["n_test"].min())
    grows = best["gain"].is_monotonic_increasing and len(best) > 1
    end = " The gain grows with the code." if grows else ""
    return (
        "PCA adds up fixed pictures; a network with hidden layers may bend them. **How many times "
        f"smaller its error is than that of PCA with as many numbers: {listed}**, on {n:,} test "
        f"images.{end}"
    )


def depth(cards: list[Card], networks: pd.DataFrame) -> str:
    """What the networks without hidden layers gain: whether it is the depth or the training."""
    flat = [card.name for card in cards if card.options.get("widths") == []]
    rows = networks[networks["name"].isin(flat)]
    if not len(rows):
        return ""
    said = ", ".join(
        f"`{name}` gains {gain:.2f} times"
        for name, gain in zip(rows["name"], rows["gain"], strict=True)
    )
    return f"It is not the training by gradient alone: without hidden layers {said}."


def _left_out(found: pd.DataFrame) -> str:
    names = found[(found["family"] != "pca") & found["gain"].isna()]["name"]
    if not len(names):
        return "All networks here have a PCA of their size beside them."
    return plain(f"Without a PCA of their size here, and so not drawn: {', '.join(names)}.")


def _packed(compared: Pairs, shuffle: int) -> Packed:
    images = parts.some_digits(N, shuffle)
    x = images.pixels()
    rows = [Row("Original", "original", Still(x), captions=True)]
    for label, of in (("PCA", 0), ("Network", 1)):
        drawn = np.stack([cache.autoencoder(pair[of]).reconstruct(x) for pair in compared])
        mse = np.stack([metrics.mse(x, frame) for frame in drawn])
        stat = Stat("MSE of these", mse.mean(axis=1), 4)
        rows.append(Row(label, "reconstructed", Frames(drawn), stats=(stat,), numbers=mse))
    cells = tuple(Cell(str(images.ids[i]), images.label_name(i)) for i in range(len(images)))
    return packing.pack(
        Sweep(
            "Size of the code",
            np.array([pair[0].latent_dim for pair in compared], np.float64),
            cells,
            tuple(rows),
            prefix="D' = ",
            digits=0,
            help="PCA and the best network with that many numbers. Drag, or use the arrow keys.",
        )
    )
