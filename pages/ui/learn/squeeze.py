"""Step 1: one image through codes of 2, 8 and 32 numbers."""

from collections.abc import Sequence

import numpy as np
import streamlit as st

from core import metrics
from core.checkpoints import Card
from core.latent.geometry import Array
from pages.ui import cache
from pages.ui.components.component import Packed
from pages.ui.components.sweep import Bars, Cell, Frames, Mark, Row, Still, Sweep, packing
from pages.ui.frame import live
from pages.ui.learn import parts
from pages.ui.learn.parts import GoOn

NAMES = ("mnist-dense-2", "mnist-dense-8", "mnist-dense-32")
MOVES = np.linspace(-2, 2, 41)  # in standard deviations


def draw() -> None:
    """Draw the digit, its codes, the images decoded from them, and the explanation."""
    cards = parts.models(NAMES)
    with parts.row_of_controls():
        position = parts.chosen_digit()
    images = parts.digits()
    image_id, x = str(images.ids[position]), images.pixels([position])
    found = np.array([cache.autoencoder(card).errors(x)[0] for card in cards])
    parts.say(words(cards, found, images.label_name(position)), over_all(cards))
    packed = parts.kept_for(cards, "squeeze", lambda: _packed(cards, x, image_id), image_id)
    parts.slider(packed, "squeeze", 0.0)
    st.caption(
        "The bars are the code of this image (no unit): the only input of the decoder. The slider "
        "changes the first number (blue); the others stay the same."
    )
    live.draw(
        live.Live(
            key="live_squeeze",
            label="Drag any number of the three codes",
            cards=cards,
            images=images,
            parts=("code",),
            given=images.images[position],
        )
    )
    first = cards[0]
    parts.go_on(
        GoOn(
            f"Latent space: the code of this image in {first.name}",
            "pages/latent.py",
            parts.on_digits(first),
            (image_id,),
        )
    )


def words(cards: Sequence[Card], errors: metrics.Scores, label: str) -> str:
    """The errors of one image at several code sizes, in words."""
    pixels = int(np.prod(cards[0].input_shape))
    listed = ", ".join(
        f"{error:.4f} with D' = {card.latent_dim}"
        for card, error in zip(cards, errors, strict=True)
    )
    best, worst = int(errors.argmin()), int(errors.argmax())
    return (
        f"The **encoder** compresses the {pixels} pixels to D' numbers, the code (the "
        "**bottleneck**); the **decoder** reconstructs the image from these alone. The mean "
        f"squared error (MSE, pixels 0 to 1) of this {label} is {listed}: "
        f"**{errors[worst] / errors[best]:.1f} times smaller with D' = {cards[best].latent_dim} "
        f"than with D' = {cards[worst].latent_dim}.**"
    )


def over_all(cards: Sequence[Card]) -> str:
    """The mean errors of these models over their test images, in words."""
    means = ", ".join(f"{card.metrics['mse']:.4f}" for card in cards)
    layers = "; ".join("-".join(map(str, card.options["widths"])) for card in cards)
    return (
        f"On all {cards[0].metrics['n']:,} test images of {cards[0].dataset_title}: {means}. The "
        f"three differ in their hidden layers too ({layers})."
    )


def moved(card: Card, x: Array) -> Array:
    """The code of one image (1, C, H, W) with its first number shifted by each of MOVES: (S, k)."""
    z = np.repeat(cache.autoencoder(card).encode(x), len(MOVES), axis=0).reshape(len(MOVES), -1)
    z[:, 0] += (MOVES * parts.codes(card)[:, 0].std()).astype(np.float32)
    return z


def _packed(cards: Sequence[Card], x: Array, image_id: str) -> Packed:
    codes = [moved(card, x) for card in cards]
    pictures = (cache.autoencoder(card).decode(z) for card, z in zip(cards, codes, strict=True))
    drawn = np.stack(list(pictures), axis=1)  # (S, 3, C, H, W)
    originals = np.repeat(x, len(cards), axis=0)
    mse = np.stack([metrics.mse(originals, frame) for frame in drawn])
    cells = tuple(Cell(f"{image_id} {card.name}", f"D' = {card.latent_dim}") for card in cards)
    rows = (
        Row("Input", "original", Still(originals), captions=True),
        Row("Output", "reconstructed", Frames(drawn), detail="below each its MSE", numbers=mse),
    )
    return packing.pack(
        Sweep(
            "First number moved by",
            MOVES,
            cells,
            rows,
            marks=(Mark(0.0, "the image's own code"),),
            bars=tuple(
                Bars(f"D' = {card.latent_dim}", z) for card, z in zip(cards, codes, strict=True)
            ),
            digits=1,
            help="In standard deviations of that number over 1,000 digits. Drag, or use the arrow "
            "keys; the decoded images follow.",
        )
    )
