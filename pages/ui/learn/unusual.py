"""Step 4: what a model never saw it rebuilds badly, more often than not."""

import numpy as np
import streamlit as st

from core.checkpoints import Card
from core.latent.geometry import Index
from pages.ui import cache, feeding
from pages.ui.components.component import Packed
from pages.ui.feeding import Distribution, Morsel
from pages.ui.figures import mosaic
from pages.ui.learn import onwards, parts, rebuilt
from pages.ui.learn.onwards import GoOn
from pages.ui.learn.rebuilt import MODEL, SHAPE, Errors
from pages.ui.session import state

LEARNT = ("7", "3", "1", "0")  # kinds in the tray that any model here has learnt
N_SHAPES, N_BINS = 3, 40
FED = "fed"
BRIGHT = 0.5  # the error of a pixel that is drawn brightest


def draw() -> None:
    """A tray of pictures, the network they are dragged into, and the errors of all images."""
    card = parts.model(MODEL)
    found = rebuilt.rebuilding_errors(card)
    parts.say(
        "**Drag a picture into the network**, or tap it. It was trained without "
        f"{' and '.join(card.excluded_classes)}, and on no shapes.",
        all_of_them(found, card),
    )
    with parts.row_of_controls():
        nth = parts.another("Other pictures", "The next digits and shapes of each kind")
    state.recall_several(FED, [], found.images.ids.tolist(), "image")
    fed = tuple(st.session_state[FED][: feeding.PLACES])
    inside = tray(found, card, nth)
    outside = np.setdiff1d(found.images.positions(fed), inside)
    packed = parts.kept_for(
        (card,), "tray", lambda: _packed(found, card, inside, outside), nth, tuple(outside)
    )
    now = feeding.show(packed, "learn_feeding", fed)
    if now is not None:
        st.session_state[FED] = list(now)
    state.publish(FED, [])
    taken = tuple(name for name in st.session_state[FED] if name in parts.digits())
    way = onwards.on_digits(card, section_outliers="truth")
    onwards.go_on(GoOn("Outliers: compare other scores", "pages/outliers.py", way, taken))


def tray(found: Errors, card: Card, nth: int) -> Index:
    """Positions of what lies in the tray: some learnt digits, those never seen, some shapes.

    nth: another number takes others.
    """
    kinds = [*LEARNT, *(2 * card.excluded_classes), *(N_SHAPES * (SHAPE,))]
    taken: dict[str, int] = {}
    positions = []
    for kind in kinds:
        before = taken.setdefault(kind, nth * kinds.count(kind))
        members = np.flatnonzero(found.kinds == kind)
        positions.append(members[before % len(members)])
        taken[kind] += 1
    return np.array(positions)


def _packed(found: Errors, card: Card, inside: Index, outside: Index) -> Packed:
    """outside: positions of what is in the network and not in the tray."""
    chosen = np.concatenate([inside, outside]).astype(np.int64)
    morsels = [_morsel(found, int(i), card, in_tray=n < len(inside)) for n, i in enumerate(chosen)]
    x = found.images.pixels(chosen)
    x_hat = cache.autoencoder(card).reconstruct(x)
    pictures = (mosaic.colours(x), mosaic.colours(x_hat), mosaic.error_colours(x, x_hat, BRIGHT))
    return feeding.pack(card.name, morsels, pictures, _usual(found, card))


def _morsel(found: Errors, i: int, card: Card, *, in_tray: bool) -> Morsel:
    strange = "No digit at all" if found.kinds[i] == SHAPE else "It never saw"
    group = "It learnt" if found.known[i] else strange
    return Morsel(
        str(found.images.ids[i]),
        found.called(i),
        group if in_tray else "",
        float(found.mse[i]),
        f"larger than that of {found.percentile(i):.0f} % of the digits it learnt",
        one(found, i, card),
    )


def _usual(found: Errors, card: Card) -> Distribution:
    strange = found.of(card.excluded_classes)
    borders = np.geomspace(max(found.mse.min(), 1e-9), max(found.mse.max(), 2e-9), N_BINS + 1)
    known, unknown = (
        np.histogram(found.mse[of], borders)[0] / max(of.sum(), 1) for of in (found.known, strange)
    )
    names = (
        f"digits it learnt ({found.known.sum():,})",
        f"digits {' and '.join(card.excluded_classes)} ({strange.sum():,})",
    )
    return Distribution(borders, known, unknown, names)


def one(found: Errors, i: int, card: Card) -> str:
    """What is said of one image."""
    name = found.called(i)
    seen = f"knows what {name} looks like" if found.known[i] else f"never saw {name}"
    return (
        f"{card.name} {seen}. This one's error is {found.mse[i]:.4f}, larger than that of "
        f"{found.percentile(i):.0f} % of the {found.known.sum():,} test digits of the classes it "
        "learnt."
    )


def all_of_them(found: Errors, card: Card) -> str:
    """How well the error tells all strange ones from known ones."""
    known = found.mse[found.known].mean()
    parts_said = [
        f"{name}s have {found.mse[found.kinds == name].mean() / known:.1f} times"
        for name in card.excluded_classes
    ]
    digits, shapes = found.auroc(found.of(card.excluded_classes)), found.auroc(found.of([SHAPE]))
    return (
        f"On average {' and '.join(parts_said)} the error of learnt digits. The chance that a "
        f"digit it never saw has a larger error than one it learnt is {100 * digits:.0f} %, of a "
        f"shape {100 * shapes:.0f} % (50 % would be guessing)."
    )
